/// When a job's next checkpoint is due, and which number it has.
struct CheckpointSchedule {
    /// Standing still takes at most this share of a job's time, so that a large state makes checkpoints rarer.
    private static let pauseFactor: Int64 = 10
    /// Writing takes at most half of the time. A disk that was slow once doesn't hold up rows for longer than this.
    private static let longestRestNanoseconds: Int64 = 10_000_000_000

    private var sequence: Int64 = 0
    private var beganNanoseconds: Int64 = 0
    private(set) var pauseNanoseconds: Int64 = 0
    /// From the beginning of the last checkpoint until it was on the device.
    private(set) var durationNanoseconds: Int64 = 0
    /// Of the inputs, as the last checkpoint has them.
    private var offsets: [[Int: Int64]] = []

    /// The run begins, from the record named.
    mutating func began(after sequence: Int64, offsets: [[Int: Int64]], now: Int64) {
        self.sequence = sequence
        self.offsets = offsets
        beganNanoseconds = now
    }

    mutating func nextSequence() -> Int64 {
        sequence += 1
        return sequence
    }

    mutating func began(_ offsets: [[Int: Int64]], now: Int64, pauseNanoseconds: Int64) {
        self.offsets = offsets
        self.pauseNanoseconds = pauseNanoseconds
        beganNanoseconds = now
    }

    mutating func ended(now: Int64) { durationNanoseconds = now - beganNanoseconds }

    /// - Parameters:
    ///   - hasRows: rows wait for readers. They hurry; a state that only grew can wait for its turn.
    ///   - isFull: so many rows wait that the job would do nothing but wait too.
    func isDue(
        hasRows: Bool, isFull: Bool, offsets: [[Int: Int64]], now: Int64, intervalNanoseconds: Int64
    ) -> Bool {
        guard hasRows || offsets != self.offsets else { return false }
        let rest = min(
            max(pauseNanoseconds * Self.pauseFactor, isFull ? 0 : durationNanoseconds * 2),
            Self.longestRestNanoseconds)
        return now - beganNanoseconds >= (hasRows ? rest : max(rest, intervalNanoseconds))
    }
}
