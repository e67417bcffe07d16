internal import Foundation

/// `HOST:PORT` as written: a name, an IPv4 address, or an IPv6 address in brackets. Or `unix:PATH`, a Unix socket.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets; of a Unix socket all of `unix:PATH`.
    public var host: String
    /// 0 lets the kernel choose, and stands with a Unix socket.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Bytes of a Unix socket's path that the system can hold.
    static let maximumPathBytes = 107

    /// Parses `HOST:PORT`, `[::1]:PORT`, `:PORT` and `PORT` (every address), `unix:/PATH` and `unix:@NAME` (a name in the
    /// abstract space). Nil when it is none of these.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard path.hasPrefix("/") || path.hasPrefix("@"), (2...Self.maximumPathBytes).contains(path.utf8.count),
                !path.utf8.contains(0)
            else { return nil }
            self.init(host: text, port: 0)
            return
        }
        var host = ""
        var portText = text[...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard rest.hasPrefix(":"), host.contains(":") else { return nil }
            portText = rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = String(text[..<colon])
            guard !host.contains(":") else { return nil }
            portText = text[text.index(after: colon)...]
        }
        guard let port = Int(portText), (0...65_535).contains(port), host.allSatisfy({ !$0.isWhitespace && $0 != "/" })
        else { return nil }
        self.init(host: host.isEmpty || host == "*" ? "0.0.0.0" : host, port: port)
    }

    public var isUnix: Bool { host.hasPrefix("unix:") }

    public var isLoopback: Bool { isUnix || host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// Whether the host is a name, also with the dot that one may end with, or an address, also with an interface behind `%`.
    var namesHost: Bool {
        if host.contains(":") { return String(host.prefix { $0 != "%" }).isAddress }
        return String(host.hasSuffix(".") ? host.dropLast() : host[...]).isHostName
    }

    public var description: String {
        if isUnix { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// `http://HOST[:PORT]`, `https://HOST[:PORT]` or `unix:PATH`, where an origin listens.
public struct OriginURL: Hashable, Sendable, CustomStringConvertible {
    public var address: Endpoint
    /// Reached over TLS.
    public var isSecure = false

    /// Why a text is not an origin's URL, for a person.
    public struct Problem: Error, Sendable {
        public let message: String
    }

    public init(_ text: String) throws(Problem) {
        if text.hasPrefix("unix:") {
            guard let address = Endpoint(text) else {
                let limit = Endpoint.maximumPathBytes
                throw Problem(message: "expected unix:/PATH with a path of at most \(limit) bytes in \"\(text)\"")
            }
            self.address = address
            return
        }
        let schemeEnd = text.range(of: "://")
        let scheme = schemeEnd.map { text[..<$0.lowerBound].lowercased() }
        switch scheme {
        case "http": break
        case "https": isSecure = true
        case nil: throw Problem(message: "expected a URL such as http://127.0.0.1:3000, found \"\(text)\"")
        case let other?: throw Problem(message: "unknown scheme \(other); use http:// or https://")
        }
        var authority = text[schemeEnd!.upperBound...]
        if let slash = authority.firstIndex(of: "/") {
            guard authority[slash...] == "/" else {
                throw Problem(message: "an origin has no path; found \"\(authority[slash...])\"")
            }
            authority = authority[..<slash]
        }
        guard !authority.isEmpty, !authority.contains("@"), !authority.contains("?"), !authority.contains("#") else {
            throw Problem(message: "expected a URL such as http://127.0.0.1:3000, found \"\(text)\"")
        }
        let hasPort = authority.hasSuffix("]") ? false : authority.contains(":")
        let complete = hasPort ? String(authority) : "\(authority):\(isSecure ? 443 : 80)"
        guard let address = Endpoint(complete), address.port > 0, !authority.hasPrefix(":"), address.namesHost
        else {
            throw Problem(message: "expected a host and a port from 1 to 65535 in \"\(text)\"")
        }
        self.address = address
    }

    public var description: String { address.isUnix ? "\(address)" : "\(isSecure ? "https" : "http")://\(address)" }
}
