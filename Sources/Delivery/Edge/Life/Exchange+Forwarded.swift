import Bytes
import HTTPWire
import Reactor

/// Who the client is, for the origin (RFC 7239) and for the event.
extension Exchange {
    var isTrustedPeer: Bool {
        guard let peer = connection?.tcp.peer else { return false }
        return worker.settings.trustedProxies.contains { $0.contains(peer) }
    }

    /// Behind a trusted proxy the event names the client that the nearest untrusted hop is.
    func believeTrustedProxy() {
        guard isTrustedPeer, let client = head.block.namedClient(worker.settings.trustedProxies) else { return }
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

    private static let secureLine: StaticString = "\r\nX-Forwarded-Proto: https\r\n"
    private static let plainLine: StaticString = "\r\nX-Forwarded-Proto: http\r\n"

    /// Adds this hop. What an untrusted client claims about itself is not passed on.
    func writeForwarded(_ writer: inout HeadWriter) {
        guard let tcp = connection?.tcp, worker.settings.forwardedHeaders != .none else { return }
        let isTrusted = !worker.settings.trustedProxies.isEmpty && isTrustedPeer
        let host = tcp.peerHost
        if worker.settings.forwardedHeaders != .forwarded {
            writer.startField("X-Forwarded-For")
            if isTrusted, let known = head.block.joinedValue(of: .xForwardedFor) {
                writer.bytes.append(contentsOf: known)
                writer.bytes.append(contentsOf: [0x2C, 0x20])
            }
            let isSecure = isSecure
            let range = head.host
            let head = head.block.bytes
            writer.bytes.append(addingCapacity: host.count + range.count + 64) { output in
                output.append(contentsOf: host.span)
                output.append(contentsOf: isSecure ? Exchange.secureLine : Exchange.plainLine)
                guard !range.isEmpty else { return }
                output.append(contentsOf: "X-Forwarded-Host: ")
                output.append(contentsOf: head.span.extracting(range.range))
                output.append(contentsOf: "\r\n")
            }
        }
        if worker.settings.forwardedHeaders != .xForwardedFor {
            writer.startField("Forwarded")
            if isTrusted, let known = head.block.joinedValue(of: .forwarded) {
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
}

extension String {
    fileprivate var trimmedBlanks: String {
        var text = Substring(self)
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
