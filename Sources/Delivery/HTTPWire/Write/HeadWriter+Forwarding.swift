import Bytes

/// Fields by which proxies tell about themselves and their clients.
extension HeadWriter {
    /// `Via` with all members received and our own at the end (RFC 9110 §7.6.3).
    /// - Parameter name: pseudonym of the edge; a token.
    public mutating func via(_ block: HeaderBlock, majorVersion: UInt8 = 1, minorVersion: UInt8, name: String) {
        startList("Via", block, .via)
        bytes.append(contentsOf: majorVersion == 2 ? "2.0 " : minorVersion == 0 ? "1.0 " : "1.1 ")
        bytes.append(contentsOf: name.utf8)
        endLine()
    }

    /// `Forwarded` (RFC 7239) with our own element at the end.
    /// - Parameters:
    ///   - address: as text, IPv6 without brackets.
    ///   - host: the request's host as received, or empty.
    public mutating func forwarded(_ block: HeaderBlock, address: Span<UInt8>, host: Span<UInt8>, isHTTPS: Bool) {
        startList("Forwarded", block, .forwarded)
        bytes.append(contentsOf: "for=")
        if address.firstOf(0x3A) != nil {
            bytes.append(contentsOf: "\"[")
            bytes.append(contentsOf: address)
            bytes.append(contentsOf: "]\"")
        } else {
            bytes.append(contentsOf: address)
        }
        if host.count > 0 {
            bytes.append(contentsOf: ";host=")
            QuotedText.append([UInt8](host), to: &bytes)
        }
        bytes.append(contentsOf: isHTTPS ? ";proto=https" : ";proto=http")
        endLine()
    }

    /// `Cache-Status` with the members of caches before us first.
    public mutating func cacheStatus(_ status: CacheStatus, _ block: HeaderBlock?, name: String) {
        if let block {
            startList("Cache-Status", block, .cacheStatus)
        } else {
            startField("Cache-Status")
        }
        status.append(cache: name, to: &bytes)
        endLine()
    }

    /// Starts a list field with all members that a head has already.
    private mutating func startList(_ name: StaticString, _ block: HeaderBlock, _ header: KnownHeader) {
        startField(name)
        guard block.contains(header) else { return }
        for field in block.fields where field.id == header && field.valueLength > 0 {
            bytes.append(contentsOf: block.slice(field.value))
            bytes.append(contentsOf: ", ")
        }
    }
}
