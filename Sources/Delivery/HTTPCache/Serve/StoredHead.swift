import HTTPWire

/// Prepares a response's head for storing, so that a hit copies it in one piece.
enum StoredHead {
    /// Not kept: what is about the connection, and what each answer gets anew.
    private static let dropped: HeaderSet = [.contentLength, .age]

    /// The status line with the origin's own reason; empty where that is the usual one or none.
    static func statusLine(_ response: ResponseHead) -> [UInt8] {
        let reason = response.slice(response.reason)
        guard reason.count > 0, reason.count <= 128,
            String(decoding: response.block.bytes[response.reason.range], as: UTF8.self)
                != StatusLines.reason(response.status)
        else {
            return []
        }
        var writer = HeadWriter(capacity: 160)
        writer.statusLine(response.status, reason: reason)
        return writer.bytes
    }

    /// The stored field lines: end-to-end fields without those that `no-cache` or `private` withhold, and a Date if
    /// the origin sent none (RFC 9110 §6.6.1).
    static func fields(
        _ response: ResponseHead, _ freshness: Freshness, now: Int64, settings: CacheSettings
    ) -> [UInt8] {
        var writer = HeadWriter(capacity: 512)
        let withheld = CacheControl.forCDN(response.block).withheldFields
        let varies = freshness.flags.contains(.mayBeEncoded)
        // It is for this cache; only a template's is passed on, to a cache in front that does ESI.
        let hidesSurrogateControl = !settings.sendsTags && !freshness.flags.contains(.asksForESI)
        if withheld.isEmpty, settings.sendsTags, !varies {
            writer.copyFields(of: response.block, except: dropped)
        } else {
            var block = response.block
            if !settings.sendsTags { block.removeCacheTags() }
            if hidesSurrogateControl { block.remove(.surrogateControl) }
            if varies { CachePolicy.addVary(to: &block) }
            for name in withheld { block.remove(named: name.span) }
            writer.copyFields(of: block, except: dropped)
        }
        if !response.block.contains(.date) {
            writer.startField("Date")
            HTTPDate.append(now, to: &writer.bytes)
            writer.endLine()
        }
        return writer.bytes
    }

    /// The field lines that are kept from others, for the one whose request brought them; nil where there are none.
    /// - Parameter names: any case.
    static func ownLines(_ block: HeaderBlock, names: [[UInt8]]) -> [UInt8]? {
        guard !names.isEmpty else { return nil }
        let options = ConnectionOptions(block)
        var writer = HeadWriter(capacity: 256)
        for field in block.fields where names.contains(where: { block.slice(field.name).equalsIgnoringCase($0.span) }) {
            if dropped.contains(field.id) || field.id.isHopByHop || options.nominates(field, of: block) { continue }
            writer.field(block.slice(field.name), block.slice(field.value))
        }
        return writer.bytes.isEmpty ? nil : writer.bytes
    }
}
