import HTTPWire

/// Prepares a response's head for storing, so that a hit copies it in one piece.
enum StoredHead {
    /// Not kept: what is about the connection, and what each answer gets anew.
    private static let dropped: HeaderSet = [.contentLength, .age]

    /// With the origin's own reason, if it gave one.
    static func statusLine(_ response: ResponseHead) -> [UInt8] {
        var writer = HeadWriter(capacity: 32)
        if response.reason.isEmpty || response.reason.count > 128 {
            writer.statusLine(response.status)
        } else {
            writer.statusLine(response.status, reason: response.slice(response.reason))
        }
        return writer.bytes
    }

    /// The stored field lines: end-to-end fields without those that `no-cache` or `private` withhold, Via, and a Date
    /// if the origin sent none (RFC 9110 §6.6.1).
    static func fields(_ response: ResponseHead, now: Int64, name: String) -> [UInt8] {
        var writer = HeadWriter(capacity: 512)
        let withheld = CacheControl(response.block).withheldFields
        if withheld.isEmpty {
            writer.copyFields(of: response.block, except: dropped.union([.via]))
        } else {
            var block = response.block
            for name in withheld { block.remove(named: name.span) }
            writer.copyFields(of: block, except: dropped.union([.via]))
        }
        if !response.block.contains(.date) {
            writer.startField("Date")
            HTTPDate.append(now, to: &writer.bytes)
            writer.endLine()
        }
        writer.via(response.block, minorVersion: response.minorVersion, name: name)
        return writer.bytes
    }
}
