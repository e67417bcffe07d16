/// How a log is sent again.
struct ReplaySettings: Sendable {
    /// `http://HOST:PORT`.
    var target: String
    /// Times as fast as it was; infinite for as fast as the target answers.
    var speed: Double = 1
    /// Requests under way at once; each has a connection and a thread.
    var concurrency = 32
    var timeoutMilliseconds = 30_000

    /// Greatest value of `concurrency`.
    static let concurrencyMost = 1024

    /// Reads `10x`, `0.5x`, `10` or `max`; nil for anything else. Infinite speed is `max`.
    static func speed(_ text: String) -> Double? {
        if text == "max" { return .infinity }
        let number = text.hasSuffix("x") ? text.dropLast() : text[...]
        guard let speed = Double(number), speed > 0 else { return nil }
        return speed
    }
}
