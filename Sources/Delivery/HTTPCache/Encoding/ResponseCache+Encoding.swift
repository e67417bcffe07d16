import Bytes
import Codings
public import HTTPWire
import Synchronization

/// How a stored response goes to a client that accepts codings.
public enum EncodedForm: Sendable {
    /// As it is.
    case identity
    /// In a form that is stored beside it.
    case stored(CacheHit)
    /// In a form that nobody made yet: answer with the hit, like any other reader, and feed the fill from the body of the
    /// original.
    case encode(EncodedFill, CacheHit)
}

/// Compressed forms lie in the store like other objects, under the key with the coding's number behind a zero byte,
/// which no URL has. They are reached only through the original that they were made of: what invalidates, purges or
/// replaces that does so for them, and they leave by eviction.
extension ResponseCache {
    /// The form in which a hit goes to this request. A client that takes no form, not even the original, gets that: it
    /// can do more with it than with an error (RFC 9110 §12.5.3).
    /// - Parameter settings: of this cache; handed in, since reading them here would take a lock.
    public func form(
        of hit: CacheHit, for request: RequestHead, key: CacheKey, now: Int64, settings all: CacheSettings
    ) -> EncodedForm {
        guard hit.object.freshness.flags.contains(.mayBeEncoded), !hit.object.isPartial,
            !request.block.contains(.range),
            !request.block.contains(.cacheControl) || !CacheControl(request.block).flags.contains(.noTransform)
        else { return .identity }
        let settings = all.compression
        guard let coding = AcceptEncoding.choose(request.block, among: settings.codings) else { return .identity }
        // One whose length was not announced may have turned out too small or too large.
        if let length = hit.object.bodyLength,
            length < UInt64(settings.minimumBytes) || length > UInt64(settings.maximumBytes)
        {
            return .identity
        }
        let encodedKey = key.encoded(coding)
        if let found = find(encodedKey, of: hit.object, coding) { return .stored(hit.with(found, now: now)) }
        let body = CachedBody(announced: nil, windowBytes: all.streamWindowBytes)
        let object = hit.object.encoded(encodedKey, head: EncodedHead.lines(of: hit.object, coding), body: body)
        let encodedHit = hit.with(object, now: now)
        // The head is known without the body.
        guard request.method == .get else { return .stored(encodedHit) }
        return .encode(EncodedFill(self, encodedKey, object, body, coding), encodedHit)
    }

    /// A form that is there, or that is being made.
    private func find(_ key: CacheKey, of original: CachedObject, _ coding: ContentCoding) -> CachedObject? {
        let (found, isCurrent) = shard(key.hash).part.withLock { part -> (CachedObject?, Bool) in
            var found: (index: Int, object: CachedObject)?
            part.store.forEach(hash: key.hash, key: key.bytes.span) { index, object in
                if object.serial == original.serial { found = (index, object) }
                return found == nil
            }
            if let found {
                part.store.touch(found.index)
                return (found.object, found.object.isForm(of: original))
            }
            return (part.formsUnderWay.find(key.hash) { $0.isForm(of: original) }, true)
        }
        guard let found, !isCurrent else { return found }
        // The original was validated meanwhile: the same bytes under other fields.
        let renewed = found.replacing(
            head: EncodedHead.lines(of: original, coding), freshness: original.encodedFreshness, tags: [])
        store(made: renewed, key: key)
        return renewed
    }

    /// Frees what can't be reached any more.
    /// - Parameter original: what the forms were made of; nil takes all of the key.
    func removeForms(of key: CacheKey, made original: CachedObject? = nil) {
        for coding in ContentCoding.allCases {
            let form = key.encoded(coding)
            let freed = shard(form.hash).part.withLock { part -> Int in
                var freed = 0
                while let index = part.firstIndex(form, serial: original?.serial) {
                    freed += part.store.remove(index, hash: form.hash)
                }
                return freed
            }
            release(freed)
        }
    }

    /// Puts an object made of another one into the place of its key.
    /// - Returns: false where there is no room for it.
    @discardableResult func store(made object: CachedObject, key: CacheKey) -> Bool {
        let cost = object.cost
        let settings = self.settings
        guard reserve(cost, limit: settings.memoryBytes) else { return false }
        let freed = shard(key.hash).part.withLock { part -> Int in
            let freed = part.supersede(object, key: key, maximumVariants: settings.maximumVariants)
            part.store.insert(object, hash: key.hash, cost: cost)
            return freed
        }
        release(freed)
        return true
    }
}

extension CacheHit {
    /// The same hit by another form of the object.
    fileprivate func with(_ object: CachedObject, now: Int64) -> CacheHit {
        var hit = CacheHit(object, kind, now: now, status: status)
        hit.ownFields = ownFields
        return hit
    }
}

extension CacheKey {
    /// Of a compressed form.
    fileprivate func encoded(_ coding: ContentCoding) -> CacheKey { suffixed([0, coding.rawValue]) }
}

extension CachedObject {
    /// A compressed form of this object, without tags: a purge meets the original.
    fileprivate func encoded(_ key: CacheKey, head: [UInt8], body: CachedBody) -> CachedObject {
        CachedObject(
            key: key.bytes, variance: Array(bytes[varianceRange]), statusLine: [], head: head, status: Int(status),
            freshness: encodedFreshness, body: body, serial: serial)
    }

    /// Whether this is a compressed form of that very object, and of its fields as they are now.
    fileprivate func isForm(of original: CachedObject) -> Bool {
        serial == original.serial && freshness == original.encodedFreshness
    }

    /// Of its compressed forms.
    fileprivate var encodedFreshness: Freshness {
        var freshness = self.freshness
        freshness.flags.remove([.mayBeEncoded, .allowsRanges])
        freshness.flags.insert(.isEncoded)
        return freshness
    }
}
