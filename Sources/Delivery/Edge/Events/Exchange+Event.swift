import HTTPWire
import Reactor

extension Exchange {
    /// Copies the texts of the event into the block and points the row at them.
    func describe(into block: EventBlock) {
        // Taken out for the while: a copy would count references up and down for nothing.
        var head = RequestHead()
        swap(&head, &self.head)
        defer { swap(&head, &self.head) }
        row.hasRequest = !head.methodRange.isEmpty
        row.version = head.majorVersion == 2 ? .http2 : head.minorVersion == 0 ? .http10 : .http11
        if let facts = connection?.tcp.tlsFacts { row.tls = block.note(tls: facts) }
        if row.hasRequest {
            row.method = block.keep(head.slice(head.methodRange))
            if !head.host.isEmpty { row.domain = block.keep(head.slice(head.host)) }
            let asked = decisions.asked ?? (head.path, head.query, head.hasQuery)
            if asked.path.isEmpty {
                row.path = block.keep(Exchange.rootPath.span)
            } else {
                row.path = block.keep(head.slice(asked.path))
            }
            if asked.hasQuery { row.query = block.keep(head.slice(asked.query)) }
            if let agent = head.block.value(of: .userAgent) { row.userAgent = block.keep(agent) }
            if let referrer = head.block.value(of: .referer) { row.referrer = block.keep(referrer) }
        }
        if !mimeType.isEmpty {
            let type = mimeType
            row.mimeType = block.keep(type.span)
        }
        describeRules(into: block)
        if let error { row.error = block.note(error: error) }
        if let pageNote {
            row.page = block.note(page: pageNote)
        } else if let parentName {
            row.page = block.note(page: EventBlock.PageNote(parent: parentName))
        }
    }

    private static let rootPath: [UInt8] = [0x2F]
}
