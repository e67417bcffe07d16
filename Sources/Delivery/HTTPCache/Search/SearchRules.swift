import Bytes
import Synchronization

/// By path, what its last response said about queries. Bounded: the rule that was not used for longest goes. Used by all
/// loops; a request pays one load of a number as long as no response said anything.
final class SearchRules: Sendable {
    private struct Entry {
        let path: [UInt8]
        var rule: SearchVariance
        var identity: UInt64
        var used: UInt64
    }

    private struct Shard {
        /// By hash of the path: two paths of one hash would be told apart, and the later one kept.
        var entries: [UInt64: Entry] = [:]
        var clock: UInt64 = 0
    }

    private final class Box: Sendable {
        let shard = Mutex(Shard())
    }

    private let boxes = (0..<16).map { _ in Box() }
    private let known = Atomic<Int>(0)

    var isEmpty: Bool { known.load(ordering: .relaxed) == 0 }
    var count: Int { known.load(ordering: .relaxed) }

    private static func hash(_ path: Span<UInt8>) -> UInt64 { ByteHash.hash(path, seed: ByteHash.processSeed) }

    /// - Parameter path: a key up to its query.
    func find(_ path: Span<UInt8>) -> (rule: SearchVariance, identity: UInt64)? {
        let hash = SearchRules.hash(path)
        return boxes[Int(hash >> 60)].shard.withLock { shard in
            guard let entry = shard.entries[hash], path.isEqual(to: entry.path.span) else { return nil }
            shard.clock += 1
            shard.entries[hash]?.used = shard.clock
            return (entry.rule, entry.identity)
        }
    }

    /// Remembers what a path's response said.
    /// - Parameters:
    ///   - rule: nil says nothing, and what was said is forgotten.
    ///   - limit: paths that are remembered.
    /// - Returns: whether it is another rule than the one that is known.
    func learn(_ rule: SearchVariance?, _ identity: UInt64, for path: [UInt8], limit: Int) -> Bool {
        let hash = SearchRules.hash(path.span)
        return boxes[Int(hash >> 60)].shard.withLock { shard in
            let old = shard.entries[hash]
            guard let rule, limit > 0 else {
                if old != nil {
                    shard.entries[hash] = nil
                    known.wrappingSubtract(1, ordering: .relaxed)
                }
                return old != nil
            }
            if let old, old.path == path, old.identity == identity { return false }
            if old == nil {
                if shard.entries.count >= max(1, limit / boxes.count),
                    let oldest = shard.entries.min(by: { $0.value.used < $1.value.used })?.key
                {
                    shard.entries[oldest] = nil
                } else {
                    known.wrappingAdd(1, ordering: .relaxed)
                }
            }
            shard.clock += 1
            shard.entries[hash] = Entry(path: path, rule: rule, identity: identity, used: shard.clock)
            return true
        }
    }
}
