/// The header of the PROXY protocol, versions 1 and 2: who the client is, in the words of a load balancer in front.
public enum ProxyHeader: Equatable, Sendable {
    /// Not all of it has come.
    case incomplete
    /// - Parameters:
    ///   - source: the client; nil where the balancer speaks for itself (a health check) or does not know.
    ///   - length: bytes that the header takes.
    case complete(source: SocketAddress?, length: Int)
    /// Not a header, in words.
    case invalid(String)

    /// The longest of version 1, line end included.
    static let maximumLineBytes = 107
    /// Of version 2, with what vendors add; the format would allow 64 KiB.
    static let maximumBytes = 4 * 1024
    static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let word: [UInt8] = Array("PROXY ".utf8)

    /// Reads the header at the start of a connection's bytes.
    public static func parse(_ bytes: [UInt8]) -> ProxyHeader {
        guard let first = bytes.first else { return .incomplete }
        if first == signature[0] { return parseBinary(bytes) }
        if first == word[0] { return parseLine(bytes) }
        return .invalid("no PROXY header")
    }

    private static func matches(_ bytes: [UInt8], _ start: [UInt8]) -> Bool {
        zip(bytes, start).allSatisfy { $0 == $1 }
    }

    // MARK: Version 1

    private static func parseLine(_ bytes: [UInt8]) -> ProxyHeader {
        guard matches(bytes, word) else { return .invalid("no PROXY header") }
        guard let end = bytes.prefix(maximumLineBytes).firstIndex(of: 0x0A) else {
            return bytes.count < maximumLineBytes ? .incomplete : .invalid("PROXY line without an end")
        }
        guard end > word.count, bytes[end - 1] == 0x0D, bytes[..<end].allSatisfy({ $0 < 0x80 }) else {
            return .invalid("malformed PROXY line")
        }
        let parts = String(decoding: bytes[word.count..<end - 1], as: UTF8.self)
            .split(separator: " ", omittingEmptySubsequences: false)
        if parts.first == "UNKNOWN" { return .complete(source: nil, length: end + 1) }
        guard parts.count == 5, parts[0] == "TCP4" || parts[0] == "TCP6",
            let source = address(parts[1], port: parts[3]), address(parts[2], port: parts[4]) != nil,
            parts[1].contains(":") == (parts[0] == "TCP6")
        else { return .invalid("malformed PROXY line") }
        return .complete(source: source, length: end + 1)
    }

    private static func address(_ text: Substring, port: Substring) -> SocketAddress? {
        guard let number = UInt16(port), String(number) == port, !text.hasPrefix("[") else { return nil }
        return SocketAddress(numeric: String(text), port: number)
    }

    // MARK: Version 2

    private static func parseBinary(_ bytes: [UInt8]) -> ProxyHeader {
        guard matches(bytes, signature) else { return .invalid("no PROXY header") }
        guard bytes.count >= 16 else { return .incomplete }
        guard bytes[12] >> 4 == 2, bytes[12] & 15 <= 1 else { return .invalid("unknown version of the PROXY header") }
        let length = 16 + (Int(bytes[14]) << 8 | Int(bytes[15]))
        guard length <= maximumBytes else { return .invalid("PROXY header over \(maximumBytes) bytes") }
        guard bytes.count >= length else { return .incomplete }
        let isLocal = bytes[12] & 15 == 0
        if isLocal { return .complete(source: nil, length: length) }
        switch bytes[13] >> 4 {
        case 1:
            guard length >= 28 else { return .invalid("PROXY header too short for its addresses") }
            let source = SocketAddress.ipv4(bytes[16], bytes[17], bytes[18], bytes[19], port: port(bytes, at: 24))
            return .complete(source: source, length: length)
        case 2:
            guard length >= 52 else { return .invalid("PROXY header too short for its addresses") }
            let source = SocketAddress(
                high: number(bytes, at: 16), low: number(bytes, at: 24), port: port(bytes, at: 48))
            return .complete(source: source, length: length)
        // Unspecified, and Unix sockets, whose names are no addresses of clients.
        case 0, 3: return .complete(source: nil, length: length)
        default: return .invalid("unknown address family in the PROXY header")
        }
    }

    private static func port(_ bytes: [UInt8], at start: Int) -> UInt16 {
        UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1])
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> UInt64 {
        bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
