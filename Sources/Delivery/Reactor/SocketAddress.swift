import CPlatform

/// An IPv4 or IPv6 address with a port, or a Unix socket. IPv4 is held as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2), all in
/// host order.
public struct SocketAddress: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64
    public var scope: UInt32
    public var port: UInt16
    /// Of a Unix socket: its file, or `@` and a name in the abstract space; then the rest is 0.
    public var path: String?

    public init(high: UInt64, low: UInt64, scope: UInt32 = 0, port: UInt16) {
        self.high = high
        self.low = low
        self.scope = scope
        self.port = port
    }

    /// Bytes of a Unix socket's path at most.
    public static let maximumPathBytes = 107

    /// A Unix socket.
    public init(path: String) {
        self.init(high: 0, low: 0, port: 0)
        self.path = path
    }

    public static func ipv4(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) -> SocketAddress {
        let bits = UInt64(a) << 24 | UInt64(b) << 16 | UInt64(c) << 8 | UInt64(d)
        return SocketAddress(high: 0, low: 0xffff_0000_0000 | bits, port: port)
    }

    public static func loopback(port: UInt16) -> SocketAddress { ipv4(127, 0, 0, 1, port: port) }

    /// What an operator wrote: a numeric address, or `unix:/path`; `nil` for a host name. Not for what clients send.
    public init?(literal text: String, port: UInt16) {
        if text.hasPrefix("unix:") {
            self.init(path: String(text.dropFirst(5)))
        } else {
            self.init(numeric: text, port: port)
        }
    }

    /// A numeric address without a port (`192.0.2.1`, `2001:db8::1`, brackets allowed); `nil` for a host name.
    public init?(numeric text: String, port: UInt16) {
        var bare = Substring(text)
        if bare.hasPrefix("["), bare.hasSuffix("]") { bare = bare.dropFirst().dropLast() }
        var parsed = squilla_address()
        guard squilla_address_parse(String(bare), &parsed) == 0 else { return nil }
        self.init(high: parsed.high, low: parsed.low, port: port)
    }

    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// Only processes of this machine are there.
    public var isLoopback: Bool {
        if path != nil { return true }
        return isIPv4 ? low >> 24 & 0xff == 127 : high == 0 && low == 1
    }

    /// The address without the port, IPv6 without brackets; `unix:/path` of a Unix socket.
    public var host: String {
        if let path { return "unix:\(path)" }
        var raw = raw
        var text = [CChar](repeating: 0, count: 64)
        let count = squilla_address_print(&raw, &text, 64)
        return String(decoding: text.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var raw: squilla_address { squilla_address(high: high, low: low, scope: scope, port: port) }

    init(_ raw: squilla_address) {
        self.init(high: raw.high, low: raw.low, scope: raw.scope, port: raw.port)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `unix:/path`.
    public var description: String {
        if path != nil { return host }
        return isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}
