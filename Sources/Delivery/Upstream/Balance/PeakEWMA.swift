import Glibc

/// A moving average of latency that follows a rise at once and forgets it over time (Finagle's peak EWMA).
struct PeakEWMA {
    /// Nanoseconds; 0 while nothing was measured.
    private var average = 0.0
    private var updated: Int64 = 0

    mutating func record(_ latency: Int64, now: Int64, decay: Int64) {
        let sample = Double(max(0, latency))
        if sample > average {
            average = sample
        } else {
            let weight = exp(-Double(max(0, now - updated)) / Double(max(1, decay)))
            average = average * weight + sample * (1 - weight)
        }
        updated = now
    }

    /// Nanoseconds as of now. An endpoint that is not asked becomes attractive again.
    func value(now: Int64, decay: Int64) -> Double {
        average * exp(-Double(max(0, now - updated)) / Double(max(1, decay)))
    }

    var isMeasured: Bool { updated != 0 }
}
