import Runtime

/// How long to wait before another try: twice as long each time, up to a limit, and somewhat less by chance, so that
/// many who were refused together don't come back together.
struct RetryPause {
    private let first: Int64
    private let longest: Int64
    private var random: Random
    private(set) var attempts = 0

    /// Microseconds.
    init(first: Int64 = 250_000, longest: Int64 = 30_000_000, random: Random = Random()) {
        self.first = first
        self.longest = longest
        self.random = random
    }

    /// Takes note of a failure.
    ///
    /// - Parameter wished: what the other side asks for, microseconds; honoured up to the longest pause.
    /// - Returns: microseconds.
    mutating func next(wished: Int64? = nil) -> Int64 {
        let full = min(longest, first << Int64(min(attempts, 20)))
        attempts += 1
        let pause = full / 2 + Int64(random.below(Int(full / 2) + 1))
        return max(pause, min(wished ?? 0, longest))
    }

    mutating func reset() { attempts = 0 }
}
