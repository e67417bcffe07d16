/// Tells how far event time has come in one source: the latest event time less a delay. While nothing comes it goes
/// on at the pace of the wall clock, so that windows close when a source falls silent.
struct WatermarkTracker {
    private let delay: Int64
    /// Event times ahead of the wall clock don't carry the watermark past it; `false` for sources whose times are not
    /// of now.
    private let isBoundToClock: Bool
    private(set) var latest = Int64.min
    /// Wall time at which `latest` came.
    private var latestSeen: Int64 = 0
    /// Wall time at which anything came, or of the first look that found nothing.
    private var rowsSeen: Int64?
    /// Nothing has come for as long as the table says: the input is left out where it meets others.
    private(set) var isIdle = false
    private let mayBeIdle: Bool
    /// Silence shorter than this is only the pause between two batches, microseconds.
    private static let usualPause: Int64 = 500_000
    private let pause: Int64
    private(set) var watermark = Int64.min
    /// How far an event time was ahead of the wall clock at most, microseconds. It was taken for the clock's.
    private(set) var farthestAhead: Int64 = 0

    /// - Parameters:
    ///   - delay: microseconds.
    ///   - idleTimeout: a longer silence than this, microseconds, lets event time go on with the clock, and makes the
    ///     input idle; 0 for none, `nil` for half a second, which makes no input idle.
    init(delay: Int64, isBoundToClock: Bool, idleTimeout: Int64? = nil) {
        self.delay = delay
        self.isBoundToClock = isBoundToClock
        self.pause = idleTimeout ?? Self.usualPause
        self.mayBeIdle = idleTimeout != nil
    }

    /// Goes on where a tracker had come to.
    mutating func resume(latest: Int64, watermark: Int64, now: Int64) {
        self.latest = latest
        self.watermark = watermark
        latestSeen = now
        rowsSeen = now
    }

    /// Takes note of the event times of a batch.
    ///
    /// - Parameter now: wall time, microseconds.
    mutating func observe(maximumTime: Int64, now: Int64) {
        rowsSeen = now
        isIdle = false
        if isBoundToClock, maximumTime > now {
            let (ahead, overflow) = maximumTime.subtractingReportingOverflow(now)
            farthestAhead = max(farthestAhead, overflow ? .max : ahead)
        }
        let time = isBoundToClock ? min(maximumTime, now) : maximumTime
        guard time > latest || latest == .min else { return }
        latest = time
        latestSeen = now
        raise(latest)
    }

    /// Time has passed without events.
    mutating func tick(now: Int64) {
        guard pause > 0 else { return }
        guard let since = rowsSeen else {
            rowsSeen = now
            return
        }
        guard now - since > pause else { return }
        isIdle = mayBeIdle
        guard latest != .min else { return }
        let (time, overflow) = latest.addingReportingOverflow(now - latestSeen - pause)
        if !overflow { raise(time) }
    }

    /// Others have come so far, and this one is left out of what they do. The rows to come that are older are late.
    ///
    /// - Returns: whether that is farther than it was.
    mutating func bringUp(to time: Int64) -> Bool {
        guard time > watermark else { return false }
        watermark = time
        return true
    }

    private mutating func raise(_ time: Int64) {
        let (value, overflow) = time.subtractingReportingOverflow(delay)
        if !overflow, value > watermark { watermark = value }
    }
}
