import HTTPWire
import Synchronization

extension ResponseCache {
    /// Stores a part of a stored page as the response of a URL of its own: fresh as long as the page is, with its tags,
    /// so that a purge of these takes both. What is stored of that URL and newer than the page stays.
    /// - Parameters:
    ///   - page: the response that the part was found in.
    ///   - now: seconds.
    public func store(part bytes: [UInt8], key: CacheKey, of page: CachedObject, pageKey: CacheKey, now: Int64) {
        guard page.freshness.isFresh(now: now), key.bytes.count <= CachedObject.maximumKeyBytes,
            bytes.count <= CachedObject.inlineLimit, !isThere(key, since: page)
        else { return }
        guard store(made: page.part(bytes, key: key, settings: settings), key: key) else { return }
        countStored()
        // A purge may have met the page before its part was there to be met.
        if !isCurrent(page, pageKey) { invalidate(key) }
    }

    private func isThere(_ key: CacheKey, since page: CachedObject) -> Bool {
        let (isThere, freed) = shard(key.hash).part.withLock { part -> (Bool, Int) in
            let freed = part.store.settle(hash: key.hash, key: key.bytes.span)
            var isThere = false
            part.store.forEach(hash: key.hash, key: key.bytes.span) { _, object in
                isThere = object.freshness.responseTime >= page.freshness.responseTime
                return !isThere
            }
            return (isThere, freed)
        }
        release(freed)
        return isThere
    }

    /// Whether a response is stored, or on its way into the store.
    private func isCurrent(_ object: CachedObject, _ key: CacheKey) -> Bool {
        let (isCurrent, freed) = shard(key.hash).part.withLock { part -> (Bool, Int) in
            let freed = part.store.settle(hash: key.hash, key: key.bytes.span)
            var isCurrent = part.collapser.isUnderWay(object, hash: key.hash)
            part.store.forEach(hash: key.hash, key: key.bytes.span) { _, other in
                if other.serial == object.serial { isCurrent = true }
                return !isCurrent
            }
            return (isCurrent, freed)
        }
        release(freed)
        return isCurrent
    }
}

extension CachedObject {
    fileprivate func part(_ body: [UInt8], key: CacheKey, settings: CacheSettings) -> CachedObject {
        let own = fields()
        var fields = HeaderBlock()
        for field in own.fields where CachedObject.keptByParts.contains(field.id) {
            fields.append(own.slice(field.name), own.slice(field.value))
        }
        var freshness = self.freshness
        freshness.flags.formIntersection([.forbidsStale, .allowsAuthorization, .isHeuristic])
        freshness.flags.insert(.allowsRanges)
        let length = UInt64(body.count)
        if CachePolicy.mayBeEncoded(fields, status: 200, length: length, settings: settings.compression) {
            freshness.flags.insert(.mayBeEncoded)
            CachePolicy.addVary(to: &fields)
        }
        var writer = HeadWriter(capacity: 256)
        writer.copyFields(of: fields, except: [])
        return CachedObject(
            key: key.bytes, variance: [], tags: tags, statusLine: [], head: writer.bytes, status: 200,
            freshness: freshness, inlineBody: body)
    }

    private static let keptByParts: HeaderSet = [.contentType, .contentLanguage, .cacheControl, .expires, .date]
}
