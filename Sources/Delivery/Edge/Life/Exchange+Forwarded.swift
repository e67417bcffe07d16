import Bytes
import HTTPWire
import Reactor

/// Who the client is, for the origin (RFC 7239) and for the event.
extension Exchange {
    var isTrustedPeer: Bool {
        guard let peer = connection?.tcp.peer else { return false }
        return worker.settings.trustedProxies.contains { $0.contains(peer) }
    }

    /// Behind a trusted proxy the client is the nearest untrusted hop, and the scheme is the one that the proxy tells.
    func believeTrustedProxy() {
        guard isTrustedPeer else { return }
        if let told = head.block.isToldSecure { isToldSecure = told }
        guard let client = head.block.namedClient(worker.settings.trustedProxies) else { return }
        row.clientHigh = client.high
        row.clientLow = client.low
    }

    /// Takes out what nobody believes a client.
    func stripUntrusted() {
        guard worker.settings.untrusted.mayConcern(head.block) else { return }
        worker.settings.untrusted.strip(&head, isTrusted: isTrustedPeer)
    }

    /// The client's connection, for origins that want a PROXY header.
    var clientAddresses: ProxyHeader.Addresses? {
        guard let tcp = connection?.tcp, let local = tcp.localAddress else { return nil }
        return ProxyHeader.Addresses(source: tcp.peer, destination: local)
    }

    /// Adds this hop. What an untrusted client claims about itself is not passed on.
    func writeForwarded(_ writer: inout HeadWriter, _ head: borrowing RequestHead) {
        let style = worker.settings.forwardedHeaders
        guard let connection, style != .none else { return }
        if !worker.settings.trustedProxies.isEmpty, isTrustedPeer {
            writeClient(&writer, style, after: head.block)
        } else {
            connection.writeForwarded(style, to: &writer) { writeClient(&$0, style, after: nil) }
        }
        // No key holds another host than this one, whoever claims it: many proxies pass on what clients say.
        if style != .forwarded, !head.host.isEmpty { writer.field("X-Forwarded-Host", head.slice(head.host)) }
    }

    /// - Parameter block: what a proxy that is believed says; nil where there is none.
    private func writeClient(
        _ writer: inout HeadWriter, _ style: EdgeSettings.ForwardedHeaders, after block: HeaderBlock?
    ) {
        guard let tcp = connection?.tcp else { return }
        let host = tcp.peerHost
        if style != .forwarded {
            writer.startField("X-Forwarded-For")
            if let known = block?.joinedValue(of: .xForwardedFor) {
                writer.bytes.append(contentsOf: known)
                writer.bytes.append(contentsOf: [0x2C, 0x20])
            }
            writer.bytes.append(contentsOf: host)
            writer.endLine()
            writer.field("X-Forwarded-Proto", isSecure ? "https" : "http")
        }
        if style != .xForwardedFor {
            writer.startField("Forwarded")
            if let known = block?.joinedValue(of: .forwarded) {
                writer.bytes.append(contentsOf: known)
                writer.bytes.append(contentsOf: [0x2C, 0x20])
            }
            let isIPv4 = tcp.peer.isIPv4
            writer.bytes.append(contentsOf: isIPv4 ? "for=" : "for=\"[")
            writer.bytes.append(contentsOf: host)
            writer.bytes.append(contentsOf: isIPv4 ? ";proto=" : "]\";proto=")
            writer.bytes.append(contentsOf: isSecure ? "https" : "http")
            writer.endLine()
        }
    }
}

extension HeaderBlock {
    /// The nearest hop of `X-Forwarded-For` that is not trusted, or the farthest that can be read; nil where there is none.
    func namedClient(_ trusted: [AddressBlock]) -> SocketAddress? {
        guard let list = joinedValue(of: .xForwardedFor) else { return nil }
        var client: SocketAddress?
        for hop in list.split(separator: 0x2C).reversed() {
            let text = String(decoding: hop, as: UTF8.self).trimmedBlanks
            guard let address = SocketAddress(numeric: text, port: 0) else { break }
            client = address
            if !trusted.contains(where: { $0.contains(address) }) { break }
        }
        return client
    }

    /// What the nearest hop says in `X-Forwarded-Proto`, `https` or `http`; nil where it says neither.
    var isToldSecure: Bool? {
        guard let field = fields.last(where: { $0.id == .xForwardedProto }) else { return nil }
        let list = slice(field.value)
        var start = list.count
        while start > 0, list[start - 1] != 0x2C { start -= 1 }
        while start < list.count, list[start] == 0x20 || list[start] == 0x09 { start += 1 }
        let scheme = list.extracting(start..<list.count)
        return scheme.isEqual(to: "https") ? true : scheme.isEqual(to: "http") ? false : nil
    }
}

extension String {
    fileprivate var trimmedBlanks: String {
        var text = Substring(self)
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
