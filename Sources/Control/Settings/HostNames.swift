extension String {
    /// A host's name or an IPv4 address. Underscores are in use, though RFC 952 knows none.
    var isHostName: Bool {
        let labels = utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard utf8.count <= 253, let last = labels.last, labels.allSatisfy(String.isLabel) else { return false }
        // What ends in a number is an address, or a slip in one.
        return !last.allSatisfy(String.isDigit) || isAddress
    }

    /// An IPv4 or IPv6 address without brackets.
    var isAddress: Bool {
        // For inet_pton a text ends at a zero octet.
        !utf8.contains(0) && !utf8.contains(UInt8(ascii: "/")) && CIDRBlock(self) != nil
    }

    /// A host as requests write it: an IPv6 address in brackets.
    var isRequestHost: Bool {
        guard hasPrefix("["), hasSuffix("]") else { return isHostName }
        return contains(":") && String(dropFirst().dropLast()).isAddress
    }

    /// What `Via` and `CDN-Loop` may call an edge: a token, or a host with a port or without (RFC 9110, 7.6.3; RFC 8586).
    var isPseudonym: Bool {
        if isToken || isRequestHost { return utf8.count <= 255 }
        guard let colon = lastIndex(of: ":") else { return false }
        let port = self[index(after: colon)...]
        return String(self[..<colon]).isRequestHost && port.utf8.allSatisfy(String.isDigit) && UInt16(port) != nil
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        (1...63).contains(label.count)
            && label.allSatisfy { isDigit($0) || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}
