import HTTPWire

/// OPTIONS: how far it goes, and what it asks about.
extension Exchange {
    /// Max-Forwards, of which TRACE would be the other user (RFC 9110, 7.6.2). `nil` where the request doesn't say, or
    /// says no number.
    var forwardsLeft: Int64? {
        guard head.method == .options, head.block.count(of: .maxForwards) == 1 else { return nil }
        let block = head.block
        guard let value = block.value(of: .maxForwards) else { return nil }
        return DeltaSeconds.parse(value)
    }

    /// This hop is the last: it says what it can do.
    func answerOptions() {
        startResponse(status: 204, length: nil) { writer in
            writer.field("Allow", text: Exchange.allowedMethods)
            worker.writeDate(&writer)
        }
        finishResponse()
    }

    static let allowedMethods = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"

    func writeRequestLine(_ writer: inout HeadWriter, _ head: borrowing RequestHead) {
        guard head.method == .options, head.originTarget.isEmpty else {
            return writer.requestLine(method: head.slice(head.methodRange), target: head.slice(head.originTarget))
        }
        // The server as a whole, also as `OPTIONS http://host` (RFC 9112, 3.2.4).
        let asterisk: [UInt8] = [0x2A]
        writer.requestLine(method: head.slice(head.methodRange), target: asterisk.span)
    }
}
