import Bytes
import ESI
import HTTPWire
import Reactor

/// The request behind a page, for its variables and for its fragments.
extension Exchange {
    /// What the page may know of the request.
    func esiRequest() -> ESIRequest {
        var host = Array(head.slice(head.host))
        if let port = head.port {
            host.append(0x3A)
            NumberWriter.append(Int(port), to: &host)
        }
        let address = SocketAddress(high: row.clientHigh, low: row.clientLow, port: 0)
        var request = ESIRequest(
            block: (lookedUpHead ?? head).block, method: Array(head.slice(head.methodRange)), isHTTPS: isSecure,
            host: host,
            path: Array(head.slice(head.path)), query: head.hasQuery ? Array(head.slice(head.query)) : nil,
            clientAddress: Array(address.host.utf8), now: worker.nowSeconds, seed: .random(in: .min ... .max))
        request.lookUp = worker.esiFacts(address)
        return request
    }

    /// The head of a fragment's request: the page's own fields where they are about the client, and what the page says.
    func fragmentHead(_ fetch: ESIFetch, _ parser: inout RequestParser) throws(WireError) -> RequestHead {
        var writer = HeadWriter(capacity: 1024)
        let method = fetch.method
        let target = fetch.url.target
        writer.requestLine(method: method.span, target: target.span)
        let authority = fetch.url.authority
        writer.field("Host", authority.span)
        var dropped = Exchange.ownFields
        if !fetch.isOwnHost { dropped = dropped.union([.cookie, .authorization]) }
        // What rules of phase miss have changed is for the page's origin.
        var block = (lookedUpHead ?? head).block
        for change in fetch.headers where change.kind != .append { block.remove(named: change.name.span) }
        writer.copyFields(of: block, except: dropped)
        for change in fetch.headers where change.kind != .remove { writer.field(change.name.span, change.value.span) }
        if let entity = fetch.entity {
            writer.field("Content-Length", entity.count)
            if !fetch.headers.contains(where: { $0.name.span.equalsIgnoringCase("content-type") }) {
                writer.field("Content-Type", "application/x-www-form-urlencoded")
            }
        }
        writer.endHead()
        var head = RequestHead()
        let step = try parser.parse(writer.bytes.span, into: &head)
        guard step.isComplete, step.consumed == writer.bytes.count else {
            throw WireError(.truncated, "the request for the fragment is no request")
        }
        return head
    }

    /// About the page's bytes, its body or its connection.
    static let ownFields: HeaderSet = [
        .host, .range, .ifRange, .ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince, .contentLength,
        .contentType, .contentEncoding, .contentLanguage, .contentRange, .expect, .acceptEncoding, .cacheControl,
        .pragma, .maxForwards, .origin,
    ]
}
