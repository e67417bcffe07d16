import Bytes
import HTTPWire
import Upstream

/// `CDN-Loop` (RFC 8586): which caches a request has come through, so that it does not go in circles.
extension Exchange {
    /// Whether this edge has seen the request before, or too many caches have.
    var isLooping: Bool {
        guard let list = head.block.joinedValue(of: .cdnLoop) else { return false }
        let own = worker.loopID
        var elements = ListElements(list.span)
        var count = 0
        while let range = elements.next() {
            count += 1
            if own.span.equalsIgnoringCase(Exchange.identity(elements.slice(range))) { return true }
        }
        return count >= worker.settings.maximumHops
    }

    /// Whether the last cache before this one is an edge of the same place that took this one for the key's owner. It
    /// must be answered from here or from further inside.
    var isFromPeer: Bool {
        guard let list = head.block.joinedValue(of: .cdnLoop) else { return false }
        var elements = ListElements(list.span)
        var last: Range<Int>?
        while let range = elements.next() { last = range }
        guard let last else { return false }
        let parameter = Exchange.peerParameter
        let element = list.span.extracting(last)
        return element.count > parameter.count
            && element.extracting((element.count - parameter.count)...).isEqual(to: parameter.span)
    }

    func refuseLoop() {
        note(error: "request_loop", "the request has come through this edge before (CDN-Loop)", .client)
        respondError(508)
    }

    /// `CDN-Loop` and `Via`, with what this edge is to those that the request comes to.
    func writeHop(_ writer: inout HeadWriter, _ head: borrowing RequestHead, tier: OriginTier) {
        let comesFromClient = !head.block.contains(.cdnLoop) && !head.block.contains(.via)
        if comesFromClient, tier != .peer, head.majorVersion == 1, head.minorVersion == 1 {
            return writer.bytes.append(contentsOf: worker.hopLines)
        }
        writeLoop(&writer, head.block, tier: tier)
        writer.via(
            head.block, majorVersion: head.majorVersion, minorVersion: head.minorVersion, name: worker.settings.name)
    }

    /// All that were there and this edge. Customers can't turn it off, as the RFC asks.
    private func writeLoop(_ writer: inout HeadWriter, _ block: HeaderBlock, tier: OriginTier) {
        writer.startField("CDN-Loop")
        if let known = block.joinedValue(of: .cdnLoop) {
            writer.bytes.append(contentsOf: known)
            writer.bytes.append(contentsOf: [0x2C, 0x20])
        }
        writer.bytes.append(contentsOf: worker.loopID)
        if tier == .peer { writer.bytes.append(contentsOf: Exchange.peerParameter) }
        writer.endLine()
    }

    private static let peerParameter: [UInt8] = Array(";squilla=peer".utf8)

    /// An element without its parameters.
    @_lifetime(copy element)
    private static func identity(_ element: Span<UInt8>) -> Span<UInt8> {
        var end = element.firstIndex(of: 0x3B) ?? element.count
        while end > 0, element[end - 1] == 0x20 || element[end - 1] == 0x09 { end -= 1 }
        return element.extracting(0..<end)
    }
}
