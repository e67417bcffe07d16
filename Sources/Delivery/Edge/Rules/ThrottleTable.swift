import Bytes
import Synchronization

/// How often something may happen: token buckets as one moment each, when all tokens would be back (the generic cell rate
/// algorithm), so that a bucket is two words.
struct ThrottleRate: Sendable {
    /// Time in which one token comes back, nanoseconds.
    let interval: Int64
    let burst: Int64

    /// - Precondition: both at least 1.
    init(events: Int, milliseconds: Int, burst: Int) {
        interval = max(1, Int64(milliseconds) * 1_000_000 / Int64(events))
        self.burst = Int64(burst)
    }

    struct Answer: Equatable {
        var isAllowed: Bool
        var remaining: Int64
        /// Until a token is there again, where none was; until all are, where one was. Nanoseconds.
        var wait: Int64
    }

    /// Takes a token of the bucket whose tokens are all back at `full`.
    func take(_ full: inout Int64, now: Int64) -> Answer {
        let start = max(full, now)
        let tolerance = interval * burst
        let next = start + interval
        guard next - now <= tolerance else {
            return Answer(isAllowed: false, remaining: 0, wait: next - now - tolerance)
        }
        full = next
        return Answer(isAllowed: true, remaining: (tolerance - (next - now)) / interval, wait: next - now)
    }
}

/// The buckets of all keys, shared by the loops: a fixed number of places in shards with a lock each. A key that finds no
/// free place takes the one among eight whose bucket is fullest, which is the one that is missed least.
final class ThrottleTable: Sendable {
    private struct Bucket: BitwiseCopyable {
        var key: UInt64 = 0
        var full: Int64 = .min
    }

    private static let ways = 8
    private static let shardCount = 16

    private final class Shard: Sendable {
        let buckets: Mutex<[Bucket]>

        init(count: Int) { buckets = Mutex(Array(repeating: Bucket(), count: count)) }
    }

    private let shards: [Shard]
    private let sets: Int

    /// - Parameter keys: places, rounded up.
    init(keys: Int) {
        sets = max(1, (keys + 127) / 128)
        let count = sets * ThrottleTable.ways
        shards = (0..<ThrottleTable.shardCount).map { _ in Shard(count: count) }
    }

    /// - Parameters:
    ///   - key: a hash of what is limited; two keys of one hash share a bucket, which 64 bits make rare.
    ///   - now: on the loops' clock, nanoseconds.
    func take(_ key: UInt64, _ rate: ThrottleRate, now: Int64) -> ThrottleRate.Answer {
        let set = Int(truncatingIfNeeded: key >> 4 & 0x7FFF_FFFF) % sets
        return shards[Int(key & 15)].buckets.withLock { buckets in
            let first = set * ThrottleTable.ways
            var place = first
            for index in first..<first + ThrottleTable.ways {
                if buckets[index].key == key, buckets[index].full != .min {
                    return rate.take(&buckets[index].full, now: now)
                }
                if buckets[index].full < buckets[place].full { place = index }
            }
            buckets[place] = Bucket(key: key, full: now)
            return rate.take(&buckets[place].full, now: now)
        }
    }
}
