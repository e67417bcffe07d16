public import HTTPWire
import Synchronization

extension ResponseCache {
    /// Keeps the response to a POST that says it is what a GET of the same URL would get: with a lifetime of its own and
    /// a `Content-Location` of that URL (RFC 9110 §9.3.3). To be asked after ``invalidate(after:key:response:)``.
    /// - Parameters:
    ///   - requestTime: when the request was sent, seconds.
    ///   - now: seconds.
    /// - Returns: what takes the body; nil if it isn't stored.
    public func keep(
        postedTo key: CacheKey, _ request: RequestHead, _ response: ResponseHead, requestTime: Int64, now: Int64
    ) -> AsideFill? {
        guard request.method == .post, response.status == 200,
            let location = response.block.value(of: .contentLocation),
            response.block.count(of: .contentLocation) == 1, key.related(location) == key
        else { return nil }
        let settings = self.settings
        guard
            case .store(let freshness) = CachePolicy.storage(
                request: request, response: response, requestTime: requestTime, now: now,
                rules: settings.storageRules),
            !freshness.flags.contains(.isHeuristic), !freshness.flags.contains(.asksForESI),
            freshness.isFresh(now: now),
            response.framing.announcedLength ?? 0 <= UInt64(settings.maximumObjectBytes)
        else { return nil }
        let number = shard(key.hash).part.withLock { part in
            part.collapser.start(
                hash: key.hash, key: key.bytes, predicted: nil, isShared: false,
                generation: part.store.purges.generation)
        }
        let fetch = CacheFetch(self, key, number, stored: nil, reason: .method, isShared: false)
        guard case .object(let object) = fetch.prepare(response, request, freshness, nil, now: now, settings: settings)
        else { return nil }
        return AsideFill(
            fetch, .whole(object), limit: settings.maximumObjectBytes, memoryLimit: settings.memoryBytes)
    }
}
