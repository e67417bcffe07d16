import HTTPWire
import Upstream

/// WebSocket and other protocols that begin as a request for an upgrade (RFC 9110, 7.8): the edge passes the request
/// on, and once the origin agrees, bytes both ways.
extension Exchange {
    var asksForUpgrade: Bool { connection?.isService == false && head.asksForUpgrade }

    func originUpgraded(_ response: ResponseHead) {
        guard let connection, !hasResponded else { return }
        hasResponded = true
        isTunnel = true
        connection.isLast = true
        responseFraming = .untilClose
        row.status = UInt16(response.status)
        let count = connection.writeHead { writer in
            writer.statusLine(response.status)
            writer.copyFields(of: response.block)
            writer.upgrade(response.block)
            writer.endHead()
        }
        noteHead(count)
        connection.beginTunnel()
    }

    /// The client sends no more: what it sent is delivered, then the tunnel ends.
    func tunnelEnded() {
        guard let origin else { return }
        noteOrigin()
        self.origin = nil
        origin.endTunnel()
        finishResponse()
    }
}

extension RequestHead {
    /// `Connection: upgrade` with an `Upgrade` field, which only HTTP/1.1 knows, and no body. HTTP/2 in cleartext is
    /// not for an origin to agree to.
    var asksForUpgrade: Bool {
        guard majorVersion == 1, minorVersion == 1, framing.isEmpty, method == .get,
            let value = block.value(of: .upgrade), block.count(of: .upgrade) == 1, !value.equalsIgnoringCase("h2c")
        else { return false }
        return ConnectionOptions(block).known.contains(.upgrade)
    }
}

extension HeadWriter {
    /// The protocol that a head asks for, or agrees to.
    mutating func upgrade(_ block: HeaderBlock) {
        field("Connection", "upgrade")
        if let value = block.value(of: .upgrade) { field("Upgrade", value) }
    }
}
