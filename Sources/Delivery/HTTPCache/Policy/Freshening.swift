import HTTPWire

/// Updating a stored response by a 304 (RFC 9111 §3.2 and §4.3.4).
enum Freshening {
    /// Describe the stored body, which a 304 doesn't send, or belong to each message.
    private static let kept: HeaderSet = [
        .contentLength, .contentEncoding, .contentRange, .contentType, .age, .via, .cacheStatus,
    ]

    /// Whether a 304 is about the stored response: its validators, if it has any, must be the stored ones.
    static func applies(_ response: HeaderBlock, to stored: HeaderBlock) -> Bool {
        guard let new = response.value(of: .etag), let old = stored.value(of: .etag) else { return true }
        return EntityTag.weaklyEqual(new, old)
    }

    /// New field lines and freshness, and the lines that only the request which validated may see. Each field of the 304
    /// replaces all stored ones of that name.
    /// - Parameter keepsUnasked: the operator says how long it is kept, whatever the 304 says.
    static func update(
        _ object: CachedObject, _ stored: HeaderBlock, _ response: ResponseHead, requestTime: Int64, now: Int64,
        settings: CacheSettings, keepsUnasked: Bool = false
    ) -> (head: [UInt8], freshness: Freshness, ownFields: [UInt8]?) {
        var merged = ResponseHead()
        merged.status = Int(object.status)
        let options = ConnectionOptions(response.block)
        let passed = { (field: HeaderBlock.Field) -> Bool in
            !kept.contains(field.id) && !field.id.isHopByHop && !options.nominates(field, of: response.block)
        }
        for field in stored.fields where !response.block.contains(name: stored.slice(field.name), where: passed) {
            // A 304 without Date is as new as its arrival; an old Date would age it.
            if field.id == .date { continue }
            merged.block.append(stored.slice(field.name), stored.slice(field.value))
        }
        for field in response.block.fields where passed(field) {
            merged.block.append(response.block.slice(field.name), response.block.slice(field.value))
        }
        let control = CacheControl.forCDN(merged.block)
        if let age = response.block.value(of: .age) { merged.block.append("Age", String(DeltaSeconds.parse(age) ?? 0)) }
        var freshness = CachePolicy.freshness(
            merged, control, requestTime: requestTime, now: now, rules: settings.storageRules)
        freshness.flags.formUnion(
            object.freshness.flags.intersection([.allowsRanges, .isHTTP10, .mayBeEncoded, .isCoded]))
        let isForbidden = !keepsUnasked && !control.flags.isDisjoint(with: [.noStore, .isPrivate])
        if isForbidden || variesMore(merged.block, than: stored) {
            freshness.lifetime = -1
        }
        var withheld = control.withheldFields
        // A cookie that a 200 may not bring to others a 304 may not either.
        if response.block.contains(.setCookie), !control.isSetCookieMeant(settings.storageRules, freshness) {
            withheld.append(Array("set-cookie".utf8))
        }
        for name in withheld { merged.block.remove(named: name.span) }
        if !settings.sendsTags { merged.block.removeCacheTags() }
        if freshness.flags.contains(.mayBeEncoded) { CachePolicy.addVary(to: &merged.block) }
        return (write(merged, now: now), freshness, StoredHead.ownLines(response.block, names: withheld))
    }

    /// By more request fields than the stored response was selected by: it is not known whom else it suits.
    private static func variesMore(_ merged: HeaderBlock, than stored: HeaderBlock) -> Bool {
        guard merged.contains(.vary) else { return false }
        let new = VaryList(merged)
        return new.matchesNothing || !Set(new.names).isSubset(of: VaryList(stored).names)
    }

    private static func write(_ head: ResponseHead, now: Int64) -> [UInt8] {
        var writer = HeadWriter(capacity: 512)
        writer.copyFields(of: head.block, except: [.age, .contentLength])
        if !head.block.contains(.date) {
            writer.startField("Date")
            HTTPDate.append(now, to: &writer.bytes)
            writer.endLine()
        }
        return writer.bytes
    }
}
