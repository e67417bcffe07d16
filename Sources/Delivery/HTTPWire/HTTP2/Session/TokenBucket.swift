/// So many at once, and so many each second.
struct TokenBucket: Sendable {
    private let burst: Double
    private let perNanosecond: Double
    private var tokens: Double
    private var last: Int64

    init(burst: Int, perSecond: Int, now: Int64) {
        self.burst = Double(burst)
        perNanosecond = Double(perSecond) / 1e9
        tokens = Double(burst)
        last = now
    }

    /// Takes one; false when none is left.
    mutating func take(now: Int64) -> Bool {
        tokens = min(burst, tokens + Double(max(0, now - last)) * perNanosecond)
        last = max(last, now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
