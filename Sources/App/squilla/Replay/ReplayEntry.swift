/// One request of a log, as it is to be sent.
struct ReplayEntry: Sendable {
    /// Microseconds since 1970.
    var timestamp: Int64
    var method: String
    /// Path and query.
    var target: String
    var client: String?
    var referrer: String?
    var userAgent: String?

    /// Head and body on the wire, or nil where the line holds no request that HTTP/1.1 could carry.
    func bytes(authority: String) -> [UInt8]? {
        guard !method.isEmpty, method.utf8.count <= 20, method.utf8.allSatisfy({ (0x41...0x5A).contains($0) }),
            method != "CONNECT", let first = target.utf8.first, first == 0x2F || (first == 0x2A && method == "OPTIONS"),
            target.utf8.count <= 8000
        else { return nil }
        var bytes = Array("\(method) ".utf8)
        for byte in target.utf8 { Self.appendTarget(byte, to: &bytes) }
        bytes += " HTTP/1.1\r\nHost: \(authority)\r\n".utf8
        Self.append("User-Agent", userAgent, to: &bytes)
        Self.append("Referer", referrer, to: &bytes)
        if let client, client.utf8.allSatisfy({ Self.isAddress($0) }) {
            Self.append("X-Forwarded-For", client, to: &bytes)
        }
        if method == "POST" || method == "PUT" || method == "PATCH" { bytes += "Content-Length: 0\r\n".utf8 }
        bytes += "\r\n".utf8
        return bytes
    }

    /// What a target may not hold is percent-encoded: logs hold what clients sent, spaces and worse included.
    private static func appendTarget(_ byte: UInt8, to bytes: inout [UInt8]) {
        if byte > 0x20, byte < 0x7F, byte != 0x22, byte != 0x3C, byte != 0x3E, byte != 0x23 {
            bytes.append(byte)
        } else {
            let digits = Array("0123456789ABCDEF".utf8)
            bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    private static func append(_ name: String, _ value: String?, to bytes: inout [UInt8]) {
        guard let value, !value.isEmpty, value != "-", value.utf8.count <= 8000 else { return }
        bytes += "\(name): ".utf8
        bytes += value.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
        bytes += "\r\n".utf8
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        (0x30...0x3A).contains(byte) || byte == 0x2E || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }
}
