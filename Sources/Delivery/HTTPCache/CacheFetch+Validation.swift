public import HTTPWire

/// RFC 9111 §4.3.3 and §4.3.4: the origin says that what is stored is still good.
extension CacheFetch {
    /// Whether a response is the answer to the fetch's own question; one to a client's condition is passed on.
    public func isValidated(by response: ResponseHead) -> Bool { response.status == 304 && isConditional }

    /// What the origin would have sent with the body: the stored head with the fields of a 304 in the place of its own
    /// (RFC 9111 §3.2). Nil where the 304 is about something else. For those who have a say in what is kept, before
    /// ``received(_:renewed:request:requestTime:now:override:)``.
    public func renewed(by response: ResponseHead) -> ResponseHead? {
        guard isValidated(by: response), let stored else { return nil }
        let fields = stored.fields()
        guard Freshening.applies(response.block, to: fields) else { return nil }
        return Freshening.merge(stored, fields, response)
    }

    func validated(
        _ stored: CachedObject, _ response: ResponseHead, _ renewed: ResponseHead?, requestTime: Int64, now: Int64,
        settings: CacheSettings, override: CacheOverride
    ) -> Outcome {
        let fields = stored.fields()
        guard Freshening.applies(response.block, to: fields) else {
            cache.drop(stored, key: key)
            end(.retry)
            return .retry
        }
        var merged = Freshening.merge(stored, fields, response)
        if let renewed { merged.block = Freshening.settle(renewed.block, from: merged.block, response.block) }
        let tags = renewedTags(merged.block, response.block, stored, settings)
        var (head, freshness, ownFields) = Freshening.update(
            stored, fields, response, merged: merged, requestTime: requestTime, now: now, settings: settings,
            override: override)
        if override.isRefused { freshness.lifetime = -1 }
        if freshness.mayStay { override.apply(to: &freshness) }
        // Nil are too many.
        if tags == nil { freshness.lifetime = -1 }
        let fresh = stored.replacing(
            head: head, freshness: freshness, tags: tags ?? [])
        if freshness.mayStay {
            cache.replace(stored, with: fresh, key: key, number: number, limit: settings.memoryBytes)
        } else {
            cache.drop(stored, key: key)
        }
        end(.retry)
        var status = CacheStatus.forwarded(reason)
        status.forwardStatus = 304
        status.isStored = freshness.mayStay
        var hit = CacheHit(fresh, .revalidated, now: now, status: status)
        hit.ownFields = ownFields
        return .serve(hit)
    }

    /// The tags of what is renewed. Where the 304 brings none the stored ones stay, which the stored head need not name,
    /// beside those by rules; nil are too many.
    private func renewedTags(
        _ merged: HeaderBlock, _ response: HeaderBlock, _ stored: CachedObject, _ settings: CacheSettings
    ) -> [UInt64]? {
        guard let said = tags(merged, settings, else: stored) else { return nil }
        guard said != stored.tags, CacheTags.read(response, limit: settings.maximumTags)?.isEmpty == true else {
            return said
        }
        let all = Set(said).union(stored.tags)
        // The family of the key comes to them.
        return all.count <= settings.maximumTags + 1 ? Array(all) : nil
    }
}
