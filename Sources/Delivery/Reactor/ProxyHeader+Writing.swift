/// Headers for the servers behind this one.
extension ProxyHeader {
    /// How such a header is written.
    public enum Version: Sendable, Equatable {
        /// A line of text.
        case v1
        case v2
    }

    /// Who connected to whom.
    public struct Addresses: Sendable, Equatable {
        public var source: SocketAddress
        public var destination: SocketAddress

        public init(source: SocketAddress, destination: SocketAddress) {
            self.source = source
            self.destination = destination
        }
    }

    /// The header to begin a connection with.
    /// - Parameter addresses: of the client's connection; nil where this side speaks for itself.
    public static func bytes(_ version: Version, _ addresses: Addresses?) -> [UInt8] {
        guard let addresses, addresses.source.path == nil, addresses.destination.path == nil else {
            return version == .v1 ? Array("PROXY UNKNOWN\r\n".utf8) : binary(command: 0, family: 0, [])
        }
        return version == .v1 ? line(addresses) : binary(addresses)
    }

    private static func line(_ addresses: Addresses) -> [UInt8] {
        let (source, destination) = (addresses.source, addresses.destination)
        let isIPv4 = source.isIPv4 && destination.isIPv4
        func text(_ address: SocketAddress) -> String {
            // Of two families the wider one.
            address.isIPv4 && !isIPv4 ? "::ffff:\(address.host)" : address.host
        }
        let family = isIPv4 ? "TCP4" : "TCP6"
        return Array(
            "PROXY \(family) \(text(source)) \(text(destination)) \(source.port) \(destination.port)\r\n".utf8)
    }

    private static func binary(_ addresses: Addresses) -> [UInt8] {
        let (source, destination) = (addresses.source, addresses.destination)
        var body: [UInt8] = []
        let isIPv4 = source.isIPv4 && destination.isIPv4
        for address in [source, destination] {
            if isIPv4 {
                append(address.low, bytes: 4, to: &body)
            } else {
                append(address.high, bytes: 8, to: &body)
                append(address.low, bytes: 8, to: &body)
            }
        }
        append(UInt64(source.port), bytes: 2, to: &body)
        append(UInt64(destination.port), bytes: 2, to: &body)
        return binary(command: 1, family: isIPv4 ? 0x11 : 0x21, body)
    }

    private static func binary(command: UInt8, family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [0x20 | command, family, UInt8(body.count >> 8), UInt8(body.count & 0xff)] + body
    }

    private static func append(_ value: UInt64, bytes count: Int, to out: inout [UInt8]) {
        for index in (0..<count).reversed() { out.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}
