/// When the sample site is broken: for half a minute every few minutes, driven by the clock alone.
struct SampleFailures: Sendable {
    /// Monotonic nanoseconds at which the site started.
    var start: Int64
    /// First failure, after the start.
    var firstSeconds: Int64 = 75
    var everySeconds: Int64 = 270
    var lastsSeconds: Int64 = 28

    func isFailing(at monotonicNanoseconds: Int64) -> Bool {
        let age = (monotonicNanoseconds - start) / 1_000_000_000 - firstSeconds
        return age >= 0 && age % everySeconds < lastsSeconds
    }
}
