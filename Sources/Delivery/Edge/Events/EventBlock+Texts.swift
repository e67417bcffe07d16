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

    /// Where the texts of a request stand in its head.
    struct RequestTexts {
        var method: ByteRange
        /// Empty where there is none.
        var domain: ByteRange
        /// Empty for the root.
        var path: ByteRange
        var query: ByteRange?
        var userAgent: ByteRange?
        var referrer: ByteRange?
    }

    func keep(_ texts: RequestTexts, of head: [UInt8], in row: inout EventRow) {
        let span = head.span
        keep(span.extracting(texts.method.range), unless: &recent.method)
        row.method = recent.method
        if !texts.domain.isEmpty {
            keep(span.extracting(texts.domain.range), unless: &recent.domain)
            row.domain = recent.domain
        }
        if texts.path.isEmpty {
            keep(EventBlock.rootPath.span, unless: &recent.path)
        } else {
            keep(span.extracting(texts.path.range), unless: &recent.path)
        }
        row.path = recent.path
        if let query = texts.query { row.query = keep(span.extracting(query.range)) }
        if let agent = texts.userAgent {
            keep(span.extracting(agent.range), unless: &recent.userAgent)
            row.userAgent = recent.userAgent
        }
        if let referrer = texts.referrer { row.referrer = keep(span.extracting(referrer.range)) }
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
