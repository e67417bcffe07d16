import Bytes
public import HTTPWire
import Synchronization

extension ResponseCache {
    /// What is answered to HEAD tells what GET would bring now: where that is something else than what is stored, this
    /// is stale from then on (RFC 9111 §4.3.5).
    /// - Parameter now: seconds.
    public func note(headOf key: CacheKey, _ request: RequestHead, _ response: ResponseHead, now: Int64) {
        guard request.method == .head, [200, 404, 410].contains(response.status),
            !request.block.contains(.authorization), !RequestDirectives(request.block, honorsAll: false).noStore
        else { return }
        let freed = shard(key.hash).part.withLock { part -> Int in
            let found = part.find(key, request.block)
            guard let match = found.match, match.differs(from: response) else { return found.freed }
            if match.freshness.flags.contains(.isOnDisk) {
                // There it would stay fresh.
                disk?.supersede(key, variance: match)
                part.store.slots[found.index].object?.freshness.flags.remove(.isOnDisk)
            }
            part.store.slots[found.index].object?.freshness.expire(at: now)
            return found.freed
        }
        release(freed)
    }
}

extension CachedObject {
    /// Whether a response to HEAD is about another version: what both say is not the same.
    fileprivate func differs(from response: ResponseHead) -> Bool {
        guard response.status == Int(status) else { return true }
        if let told = response.declaredLength, let length = bodyLength, told != length { return true }
        let stored = fields()
        if let tag = stored.value(of: .etag), let other = response.block.value(of: .etag),
            !EntityTag.weaklyEqual(tag, other)
        {
            return true
        }
        guard let modified = stored.value(of: .lastModified), let other = response.block.value(of: .lastModified) else {
            return false
        }
        return !modified.isEqual(to: other)
    }
}
