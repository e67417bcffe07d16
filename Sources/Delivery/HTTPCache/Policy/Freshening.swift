import Bytes
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

    /// The stored head with the fields of a 304: each of these replaces all stored ones of its name.
    static func merge(_ object: CachedObject, _ stored: HeaderBlock, _ response: ResponseHead) -> ResponseHead {
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
        if let age = response.block.value(of: .age) { merged.block.append("Age", String(DeltaSeconds.parse(age) ?? 0)) }
        return merged
    }

    /// A merged head as rules have changed it. What they add takes the place of what they added when it was stored,
    /// which stands last among the stored lines of its name: else a head would grow with each validation.
    static func settle(_ ruled: HeaderBlock, from merged: HeaderBlock, _ response: HeaderBlock) -> HeaderBlock {
        var settled = HeaderBlock()
        for (index, field) in ruled.fields.enumerated() {
            let name = ruled.slice(field.name)
            let count = ruled.count(named: name, in: 0..<ruled.fields.count)
            let added = count - merged.count(named: name, in: 0..<merged.fields.count)
            if added > 0, added < count, !response.contains(name: name, where: { _ in true }) {
                let place = ruled.count(named: name, in: 0..<index)
                // Of other lines one may be the origin's, where the rule is new since then.
                let isRepeated = ruled.fields[(index + 1)...].contains {
                    ruled.slice($0.name).equalsIgnoringCase(name)
                        && ruled.slice($0.value).isEqual(to: ruled.slice(field.value))
                }
                if place >= count - 2 * added, place < count - added, isRepeated || count - added > added { continue }
            }
            settled.append(name, ruled.slice(field.value))
        }
        return settled
    }

    /// New field lines and freshness, and the lines that only the request which validated may see.
    /// - Parameters:
    ///   - merged: of ``merge(_:_:_:)``, as rules have left it.
    ///   - override: what the operator says about keeping it, over what the head says. The freshness is still to be
    ///     given to ``CacheOverride/apply(to:)``, as that of a whole response is.
    static func update(
        _ object: CachedObject, _ stored: HeaderBlock, _ response: ResponseHead, merged: ResponseHead? = nil,
        requestTime: Int64, now: Int64, settings: CacheSettings, override: CacheOverride = CacheOverride()
    ) -> (head: [UInt8], freshness: Freshness, ownFields: [UInt8]?) {
        var merged = merged ?? merge(object, stored, response)
        let told = override.applied(to: merged)
        let toldControl = CacheControl.forCDN(told.block)
        var freshness = CachePolicy.freshness(
            told, toldControl, requestTime: requestTime, now: now, rules: settings.storageRules)
        freshness.flags.formUnion(
            object.freshness.flags.intersection([.allowsRanges, .isHTTP10, .mayBeEncoded, .isCoded]))
        let isForbidden = !toldControl.flags.isDisjoint(with: [.noStore, .isPrivate])
        if isForbidden || variesMore(merged.block, than: stored) {
            freshness.lifetime = -1
        }
        let control = CacheControl.forCDN(merged.block)
        var withheld = control.withheldFields
        // A cookie that a 200 may not bring to others a 304 may not either.
        let isCookieMeant =
            control.isSetCookieMeant(settings.storageRules, freshness)
            && override.permitsCookies(of: merged, now: now, rules: settings.storageRules)
        if merged.block.contains(.setCookie), !isCookieMeant {
            withheld.append(Array("set-cookie".utf8))
        }
        // What others have seen already is nobody's own.
        let own = withheld.filter { response.block.contains(name: $0) || !stored.contains(name: $0) }
        let ownFields = StoredHead.ownLines(merged.block, names: own)
        for name in withheld { merged.block.remove(named: name.span) }
        if !settings.sendsTags {
            merged.block.removeCacheTags()
            if !freshness.flags.contains(.asksForESI) { merged.block.remove(.surrogateControl) }
        }
        if freshness.flags.contains(.mayBeEncoded) { CachePolicy.addVary(to: &merged.block) }
        return (write(merged, now: now), freshness, ownFields)
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

extension HeaderBlock {
    fileprivate func contains(name: [UInt8]) -> Bool { contains(name: name.span, where: { _ in true }) }

    /// How many of the fields at these indices have the name, in any case.
    fileprivate func count(named name: Span<UInt8>, in indices: Range<Int>) -> Int {
        var count = 0
        for field in fields[indices] where slice(field.name).equalsIgnoringCase(name) { count += 1 }
        return count
    }
}
