import Bytes

/// An absolute URL of http or https.
public struct ESIURL: Sendable, Equatable {
    public var isHTTPS: Bool
    /// In lower case, without the port.
    public var host: [UInt8]
    public var port: UInt16?
    /// Path and query; begins with a slash.
    public var target: [UInt8]

    public init(isHTTPS: Bool, host: [UInt8], port: UInt16?, target: [UInt8]) {
        self.isHTTPS = isHTTPS
        self.host = host
        self.port = port
        self.target = target
    }

    /// The URL of a request.
    init(_ request: ESIRequest) {
        var target = request.path
        if let query = request.query {
            target.append(UInt8(ascii: "?"))
            target.append(contentsOf: query)
        }
        isHTTPS = request.isHTTPS
        (host, port) = ESIURL.authority(request.host[...])
        self.target = target
    }

    /// Resolves a reference (RFC 3986, 5.2). Nil for other schemes, an empty host, user names, and what is no URL.
    /// Characters that no URL may hold are percent-encoded; what follows `#` is left out.
    init?(_ reference: Span<UInt8>, relativeTo base: ESIURL) {
        var bytes = ESIURL.encoded(reference)
        if let mark = bytes.firstIndex(of: UInt8(ascii: "#")) { bytes.removeSubrange(mark...) }
        guard let first = bytes.first else { return nil }
        self = base
        if let scheme = ESIURL.scheme(bytes) {
            guard scheme == "http" || scheme == "https" else { return nil }
            isHTTPS = scheme == "https"
            guard setAuthority(bytes[(scheme.utf8.count + 1)...]) else { return nil }
        } else if bytes.count > 1, first == 0x2F, bytes[1] == 0x2F {
            guard setAuthority(bytes[...]) else { return nil }
        } else if first == UInt8(ascii: "/") {
            target = bytes
        } else {
            let path = base.target.prefix { $0 != UInt8(ascii: "?") }
            if first == UInt8(ascii: "?") {
                target = Array(path) + bytes
            } else {
                let folder = path.lastIndex(of: 0x2F).map { path[...$0] } ?? [0x2F]
                target = Array(folder) + bytes
            }
        }
        target = ESIURL.withoutDots(target)
    }

    /// `//host:port/path`
    private mutating func setAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count > 2, bytes.starts(with: [0x2F, 0x2F]) else { return false }
        let rest = bytes.dropFirst(2)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else { return false }
        (host, port) = ESIURL.authority(authority)
        guard !host.isEmpty else { return false }
        target = Array(rest[end...])
        if target.first != 0x2F { target.insert(0x2F, at: 0) }
        return true
    }

    private static func authority(_ bytes: ArraySlice<UInt8>) -> ([UInt8], UInt16?) {
        var end = bytes.endIndex
        var port: UInt16?
        if let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bytes[colon...].dropFirst().allSatisfy(\.isDigit) {
            end = colon
            port = Text(bytes[(colon + 1)...]).integer.flatMap { UInt16(exactly: $0) }
        }
        return (bytes[..<end].map(\.lowered), port)
    }

    private static func scheme(_ bytes: [UInt8]) -> String? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            bytes[..<colon].allSatisfy({ $0.isLetter || $0.isDigit || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E }),
            bytes[0].isLetter
        else { return nil }
        return String(decoding: bytes[..<colon].map(\.lowered), as: UTF8.self)
    }

    private static func encoded(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var start = 0
        var end = bytes.count
        while start < end, bytes[start].isBlank { start += 1 }
        while end > start, bytes[end - 1].isBlank { end -= 1 }
        for index in start..<end {
            let byte = bytes[index]
            switch byte {
            case 0...0x20, 0x7F..., UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
                UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
                out.append(contentsOf: URLText.encode([byte].span))
            default: out.append(byte)
            }
        }
        return out
    }

    /// Removes `.` and `..` (RFC 3986, 5.2.4).
    private static func withoutDots(_ target: [UInt8]) -> [UInt8] {
        let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        guard target.count > 1, let dot = target[..<end].firstIndex(of: UInt8(ascii: ".")), dot > 0 else {
            return target
        }
        var parts: [ArraySlice<UInt8>] = []
        let split = target[1..<end].split(separator: 0x2F, omittingEmptySubsequences: false)
        for (index, part) in split.enumerated() {
            let isLast = index == split.count - 1
            if part.elementsEqual("..".utf8) {
                if !parts.isEmpty { parts.removeLast() }
                if isLast { parts.append([]) }
            } else if part.elementsEqual(".".utf8) {
                if isLast { parts.append([]) }
            } else {
                parts.append(part)
            }
        }
        var out: [UInt8] = []
        for part in parts {
            out.append(0x2F)
            out.append(contentsOf: part)
        }
        if out.isEmpty { out.append(0x2F) }
        out.append(contentsOf: target[end...])
        return out
    }

    /// Whether both have scheme, host and port in common.
    public func hasSameOrigin(as other: ESIURL) -> Bool {
        isHTTPS == other.isHTTPS && port == other.port && host == other.host
    }

    /// As it is written.
    public var text: [UInt8] {
        var out = Array((isHTTPS ? "https://" : "http://").utf8)
        out.append(contentsOf: authority)
        out.append(contentsOf: target)
        return out
    }

    /// Host and port, as a `Host` field has them.
    public var authority: [UInt8] {
        var out = host
        if let port, port != (isHTTPS ? 443 : 80) {
            out.append(UInt8(ascii: ":"))
            NumberWriter.append(Int(port), to: &out)
        }
        return out
    }

    /// Adds a name and a value to the query, both encoded.
    mutating func addParameter(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        target.append(target.contains(UInt8(ascii: "?")) ? UInt8(ascii: "&") : UInt8(ascii: "?"))
        target.append(contentsOf: URLText.encode(name))
        target.append(UInt8(ascii: "="))
        target.append(contentsOf: URLText.encode(value))
    }
}
