import HTTPWire
import Synchronization

/// A partial response lies in the store as a variant of its URL like any other, and is replaced by the whole.
extension ResponseCache {
    /// How often a part is combined anew because another came in between.
    private static let maximumCombinations = 4

    /// Stores a part, together with what is stored of the same version already.
    func store(_ part: PartialResponse, _ content: PartialContent, fetch: CacheFetch, limit: Int) {
        let settings = self.settings
        for _ in 0..<ResponseCache.maximumCombinations {
            let before = shard(fetch.key.hash).part.withLock { $0.variant(of: part, key: fetch.key) }
            // The whole came meanwhile.
            if let before, before.body?.partial == nil { return }
            guard let object = combine(part, content, before, key: fetch.key, settings: settings) else {
                if let before { drop(before, key: fetch.key) }
                return
            }
            if put(object, part, before, fetch: fetch, settings: settings) { return }
        }
    }

    /// A part with an older one of the same version, by a strong validator (RFC 9111 §3.4), else alone. Nil if it says
    /// that it must not be stored.
    private func combine(
        _ part: PartialResponse, _ content: PartialContent, _ before: CachedObject?, key: CacheKey,
        settings: CacheSettings
    ) -> CachedObject? {
        var content = content
        var freshness = part.freshness
        var tags = part.tags
        var head: [UInt8]?
        if let before, let older = before.body?.partial, older.length == content.length {
            let stored = before.fields()
            if Validators.hasStrong(part.response.block, now: part.receivedAt),
                Validators.agree(part.response.block, stored)
            {
                let updated = Freshening.update(
                    before, stored, part.response, requestTime: part.requestTime, now: part.receivedAt,
                    settings: settings, override: part.override)
                guard updated.freshness.mayStay else { return nil }
                content = older.adding(
                    content, maximumRanges: settings.maximumRanges, maximumBytes: settings.partialBytes)
                (head, freshness) = (updated.head, part.override.applied(to: updated.freshness))
                freshness.flags.insert(.isPartial)
                if tags.count == (key.family == nil ? 0 : 1) { tags = before.tags }
            }
        }
        if content.isWhole { freshness.flags.remove(.isPartial) }
        let object = CachedObject(
            key: key.bytes, variance: part.variance, tags: tags, statusLine: [],
            head: head ?? StoredHead.fields(part.response, freshness, now: part.receivedAt, settings: settings),
            status: 200, freshness: freshness, body: content.isWhole ? nil : CachedBody(partial: content))
        return content.isWhole ? object.filled(content.bytes) : object
    }

    /// - Returns: false if another part was stored meanwhile.
    private func put(
        _ object: CachedObject, _ part: PartialResponse, _ before: CachedObject?, fetch: CacheFetch,
        settings: CacheSettings
    ) -> Bool {
        let cost = object.cost
        guard reserve(cost, limit: settings.memoryBytes) else { return true }
        let key = fetch.key
        let (freed, isStored, isOver) = shard(key.hash).part.withLock { shard -> (Int, Bool, Bool) in
            guard shard.mayKeep(object, hash: key.hash, number: fetch.number) else { return (0, false, true) }
            guard shard.variant(of: part, key: key)?.serial == before?.serial else { return (0, false, false) }
            let freed = shard.supersede(object, key: key, maximumVariants: settings.maximumVariants)
            shard.store.insert(object, hash: key.hash, cost: cost)
            return (freed, true, true)
        }
        release(freed)
        if isStored { countStored() } else { release(cost) }
        return isOver
    }
}

extension ResponseCache.Part {
    /// What is stored for the same requests.
    fileprivate func variant(of part: PartialResponse, key: CacheKey) -> CachedObject? {
        var found: CachedObject?
        store.forEach(hash: key.hash, key: key.bytes.span) { _, object in
            if object.bytes[object.varianceRange] == part.variance[...] { found = object }
            return found == nil
        }
        return found
    }
}

extension CachedObject {
    /// Whether the rest of a partial response can be asked for: one range, of a version that can be told from others.
    var canBeCompleted: Bool {
        guard let gap = body?.partial?.gap, !gap.isEmpty else { return false }
        return Validators.hasStrong(fields(), now: freshness.responseTime)
    }

    /// Whether a partial response has all that a request asks for (RFC 9111 §3.3).
    func answers(_ request: RequestHead, now: Int64, settings: CacheSettings) -> Bool {
        guard let content = body?.partial else { return true }
        let plan = CachePolicy.plan(
            request, status: 200, fields: fields(), freshness: freshness, length: content.length, now: now,
            settings: settings)
        return switch plan {
        case .whole: false
        case .range(let range): content.holds(range)
        case .ranges(let ranges): ranges.allSatisfy(content.holds)
        case .notModified, .unsatisfiable, .preconditionFailed: true
        }
    }
}
