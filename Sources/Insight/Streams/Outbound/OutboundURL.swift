/// An `http` or `https` address, taken apart as far as a client needs it (RFC 3986, 3).
public struct OutboundURL: Sendable, Hashable {
    public let isSecure: Bool
    /// A name or a numeric address, IPv6 without its brackets.
    public let host: String
    public let port: UInt16
    /// Path and query; begins with `/`.
    public let target: String

    /// - Returns: `nil` for other schemes, for user names and passwords in the address, and for what is no address.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 8_192, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let rest: ArraySlice<UInt8>
        if Self.begins(bytes, with: "https://") {
            isSecure = true
            rest = bytes[8...]
        } else if Self.begins(bytes, with: "http://") {
            isSecure = false
            rest = bytes[7...]
        } else {
            return nil
        }
        let authorityEnd = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let fragment = rest.firstIndex(of: UInt8(ascii: "#")) ?? rest.endIndex
        guard authorityEnd <= fragment, let place = Self.place(rest[..<authorityEnd], isSecure: isSecure) else {
            return nil
        }
        (host, port) = place
        let path = String(decoding: rest[authorityEnd..<fragment], as: UTF8.self)
        target = path.hasPrefix("/") ? path : "/" + path
    }

    /// `host` or `host:port` as the `Host` field has it.
    public var authority: String {
        let bare = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? bare : "\(bare):\(port)"
    }

    private static func begins(_ bytes: [UInt8], with scheme: StaticString) -> Bool {
        scheme.withUTF8Buffer { wanted in
            bytes.count > wanted.count && zip(bytes, wanted).allSatisfy { $0 | 0x20 == $1 | 0x20 }
        }
    }

    private static func place(_ authority: ArraySlice<UInt8>, isSecure: Bool) -> (String, UInt16)? {
        var host = authority
        var port: UInt16 = isSecure ? 443 : 80
        let isBracketed = host.first == UInt8(ascii: "[")
        let hostEnd = isBracketed ? host.firstIndex(of: UInt8(ascii: "]")) : host.startIndex
        guard let hostEnd, !host.contains(UInt8(ascii: "@")) else { return nil }
        if let colon = host[hostEnd...].firstIndex(of: UInt8(ascii: ":")) {
            let digits = host[(colon + 1)...]
            if !digits.isEmpty {
                guard let number = UInt16(String(decoding: digits, as: UTF8.self)), number > 0 else { return nil }
                port = number
            }
            host = host[..<colon]
        }
        if isBracketed {
            guard host.last == UInt8(ascii: "]") else { return nil }
            host = host.dropFirst().dropLast()
        }
        let isValid = host.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"): isBracketed
            default: false
            }
        }
        guard !host.isEmpty, isValid else { return nil }
        return (String(decoding: host, as: UTF8.self), port)
    }
}
