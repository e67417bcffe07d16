import Glibc

/// Where a load generator sends its requests: an address resolved once.
struct LoadTarget: Sendable {
    let host: String
    let port: UInt16
    /// Value of the Host field.
    let authority: String
    /// The address in the system's form.
    let address: [UInt8]
    let family: Int32

    /// - Parameter url: `http://HOST[:PORT]`, with or without the scheme; a path is refused.
    /// - Throws: `LoadFailure` when it isn't one or the host can't be found.
    init(_ url: String) throws(LoadFailure) {
        var rest = url[...]
        if let scheme = rest.range(ofText: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else {
                throw LoadFailure("\(url): only http:// targets can be reached")
            }
            rest = rest[scheme.upperBound...]
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.isEmpty, !rest.contains("/"), !rest.contains("@"), !rest.contains("?") else {
            throw LoadFailure("\(url): expected http://HOST:PORT")
        }
        var name = rest
        var number: UInt16 = 80
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let given = UInt16(rest[rest.index(after: colon)...]), given > 0 else {
                throw LoadFailure("\(url): the port is not a number within 1 and 65535")
            }
            number = given
            name = rest[..<colon]
        }
        authority = String(rest)
        host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : String(name)
        port = number
        (address, family) = try Self.resolve(host, number)
    }

    /// True for 127.0.0.0/8: then a source address can be chosen within it.
    var isIPv4Loopback: Bool { family == AF_INET && address.count >= 8 && address[4] == 127 }

    private static func resolve(_ host: String, _ port: UInt16) throws(LoadFailure) -> ([UInt8], Int32) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0, let first = found else { throw LoadFailure("\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(found) }
        let bytes = UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: Int(first.pointee.ai_addrlen))
        return (Array(bytes), first.pointee.ai_family)
    }
}

/// Why a request of a load generator got no answer.
struct LoadFailure: Error, CustomStringConvertible {
    let description: String
    /// The peer could not even be connected to.
    var isConnect = false

    init(_ description: String, isConnect: Bool = false) {
        self.description = description
        self.isConnect = isConnect
    }
}

extension Substring {
    fileprivate func range(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
