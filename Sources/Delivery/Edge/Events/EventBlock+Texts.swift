import Bytes
import HTTPWire

/// Texts that one row after the other has: the rows point at one copy, and whoever makes columns of them sees it without
/// a look at the text.
extension EventBlock {
    /// The texts of the row before.
    struct RecentTexts {
        var method = EventRow.Text()
        var domain = EventRow.Text()
        var path = EventRow.Text()
        var userAgent = EventRow.Text()
        var mediaType = EventRow.Text()
    }

    /// - Parameters:
    ///   - path: of what the client asked for; empty for the root.
    ///   - query: of the same; nil where there is none.
    func keep(_ head: borrowing RequestHead, path: ByteRange, query: ByteRange?, in row: inout EventRow) {
        keep(head.slice(head.methodRange), unless: &recent.method)
        row.method = recent.method
        if !head.host.isEmpty {
            keep(head.slice(head.host), unless: &recent.domain)
            row.domain = recent.domain
        }
        if path.isEmpty {
            keep(EventBlock.rootPath.span, unless: &recent.path)
        } else {
            keep(head.slice(path), unless: &recent.path)
        }
        row.path = recent.path
        if let query { row.query = keep(head.slice(query)) }
        if let agent = head.block.value(of: .userAgent) {
            keep(agent, unless: &recent.userAgent)
            row.userAgent = recent.userAgent
        }
        if let referrer = head.block.value(of: .referer) { row.referrer = keep(referrer) }
    }

    func keep(mediaType: [UInt8], in row: inout EventRow) {
        keep(mediaType.span, unless: &recent.mediaType)
        row.mimeType = recent.mediaType
    }

    private func keep(_ bytes: Span<UInt8>, unless recent: inout EventRow.Text) {
        let isSame =
            recent.length == UInt32(truncatingIfNeeded: bytes.count) && text.holds(bytes, at: Int(recent.offset))
        if !isSame { recent = keep(bytes) }
    }

    private static let rootPath: [UInt8] = [0x2F]
}
