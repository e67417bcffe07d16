import HTTPWire
import Reactor

extension Exchange {
    /// Copies the texts of the event into the block and points the row at them.
    func describe(into block: EventBlock) {
        row.hasRequest = !head.methodRange.isEmpty
        row.version = head.majorVersion == 2 ? .http2 : head.minorVersion == 0 ? .http10 : .http11
        row.isSecure = isSecure
        if connection?.isSecure == true, let facts = connection?.tcp.tlsFacts { row.tls = block.note(tls: facts) }
        if row.hasRequest {
            let asked = decisions.asked ?? (head.path, head.query, head.hasQuery)
            let query = asked.hasQuery ? asked.query : nil
            lendHead { block.keep($0, path: asked.path, query: query, in: &row) }
        }
        if !mimeType.isEmpty { block.keep(mediaType: mimeType, in: &row) }
        describeRules(into: block)
        if let error { row.error = block.note(error: error) }
        if let pageNote {
            row.page = block.note(page: pageNote)
        } else if let parentName {
            row.page = block.note(page: EventBlock.PageNote(parent: parentName))
        }
    }
}
