/// When state that nothing has touched for a while goes: by event time, some states at a time.
struct TimeToLive {
    /// A sweep looks at everything, so there are this many in a time to live: a state lives for the time to live, and
    /// at most this part of it longer.
    private static let sweepsPerLife: Int64 = 8

    /// Microseconds of event time.
    let microseconds: Int64
    /// How far event time has come.
    private(set) var now = Int64.min
    private var lastSweep = Int64.min

    init(microseconds: Int64) { self.microseconds = max(microseconds, 1) }

    /// Takes note of a watermark.
    ///
    /// - Returns: the time that a state must have been touched after to stay, when it is time for a sweep.
    mutating func advance(to watermark: Int64) -> Int64? {
        guard watermark > now else { return nil }
        now = watermark
        let sweep = watermark / max(microseconds / Self.sweepsPerLife, 1)
        guard sweep != lastSweep else { return nil }
        lastSweep = sweep
        let (horizon, overflow) = watermark.subtractingReportingOverflow(microseconds)
        return overflow ? nil : horizon
    }

    /// Goes on where a sweep was.
    mutating func resume(at watermark: Int64) {
        now = watermark
        lastSweep = watermark / max(microseconds / Self.sweepsPerLife, 1)
    }
}
