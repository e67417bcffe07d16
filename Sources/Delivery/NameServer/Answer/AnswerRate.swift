/// Limits answers to each network, so that nobody who forges an asker's address makes this server flood it (response rate
/// limiting, as BIND and NSD have it). A table of fixed size; networks that fall on the same place share its bucket.
public struct AnswerRate: Sendable {
    enum Verdict: Sendable {
        case answer
        /// Say "ask over TCP" instead: a forged asker does not.
        case truncate
        case drop
    }

    private struct Bucket {
        var tokens: Float
        var time: Int64
        var slips: UInt8 = 0
    }

    private var buckets: [Bucket]
    private let perSecond: Float
    private let salt: UInt64
    private(set) var limited: UInt64 = 0

    /// - Parameters:
    ///   - perSecond: answers to one network (IPv4 /24, IPv6 /56); 0 sets no limit.
    ///   - networks: places in the table, a power of two; 16 bytes each.
    public init(perSecond: Int, networks: Int = 65_536, salt: UInt64) {
        self.perSecond = Float(perSecond)
        self.salt = salt | 1
        buckets = perSecond == 0 ? [] : [Bucket](repeating: Bucket(tokens: Float(perSecond), time: 0), count: networks)
    }

    /// - Parameter now: in nanoseconds of a clock that never goes back.
    mutating func verdict(high: UInt64, low: UInt64, now: Int64) -> Verdict {
        guard !buckets.isEmpty else { return .answer }
        let network = high == 0 && low >> 32 == 0xFFFF ? low >> 8 : high >> 8
        let mixed = ((network &* salt) ^ (network >> 29)) &* 0x9E37_79B9_7F4A_7C15
        let index = Int(mixed >> 40) & (buckets.count - 1)
        var bucket = buckets[index]
        let earned = Float(Double(max(0, now - bucket.time)) / 1e9) * perSecond
        bucket.tokens = min(perSecond, bucket.tokens + earned)
        bucket.time = now
        defer { buckets[index] = bucket }
        if bucket.tokens >= 1 {
            bucket.tokens -= 1
            return .answer
        }
        limited += 1
        bucket.slips &+= 1
        return bucket.slips % 2 == 0 ? .truncate : .drop
    }
}
