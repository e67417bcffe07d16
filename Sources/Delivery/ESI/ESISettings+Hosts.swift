extension ESISettings {
    /// Whether fragments may come from a host that is not the page's own. A private address must be named itself, or
    /// private ones be allowed: `*` is no permission to look around behind the edge.
    func allows(host: String) -> Bool {
        if allowedHosts.contains(host) { return true }
        guard allowsPrivateHosts || !ESISettings.isPrivate(host) else { return false }
        return allowedHosts.contains { $0 == "*" || $0.hasPrefix("*.") && host.hasSuffix($0.dropFirst()) }
    }

    /// Loopback, private, link-local and unspecified addresses, in whichever form a resolver would take them; and
    /// names for this machine.
    static func isPrivate(_ host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host.hasSuffix(".internal") { return true }
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast()
            return inner == "::" || inner.hasPrefix("::1") || inner.hasPrefix("::ffff:") || inner.hasPrefix("fe8")
                || inner.hasPrefix("fe9") || inner.hasPrefix("fea") || inner.hasPrefix("feb")
                || inner.hasPrefix("fc") || inner.hasPrefix("fd") || inner.hasPrefix("0:")
        }
        guard host.utf8.allSatisfy({ $0.isDigit || $0 == 0x2E || $0.hexadecimal != nil || $0 == 0x78 }) else {
            return false
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        // `2130706433`, `0x7f.1` and `127.1` are addresses to some resolvers.
        guard parts.count == 4, numbers.count == 4 else {
            return parts.allSatisfy { part in part.hasPrefix("0x") || part.utf8.allSatisfy(\.isDigit) }
        }
        switch (numbers[0], numbers[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168): return true
        case (100, 64...127), (172, 16...31): return true
        default: return parts[0].hasPrefix("0")
        }
    }
}
