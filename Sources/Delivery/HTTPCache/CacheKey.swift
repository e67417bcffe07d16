import Bytes
public import HTTPWire

/// The effective request URI in one spelling (RFC 9110 §7.1): host in lower case, no default port, "/" for an empty
/// path; `http://` is left out because every key would carry it, `https://` is written. Reused from request to request.
public struct CacheKey: Sendable, Equatable {
    public private(set) var bytes: [UInt8] = []
    public private(set) var hash: UInt64 = 0
    /// What the bytes begin with, since most requests ask the host that the one before asked.
    private var origin = Origin()

    /// Scheme and authority of the request whose key it is.
    private struct Origin {
        /// Bytes of the key; 0 where it is not known.
        var count = 0
        var hostCount = 0
        var port: UInt16?
        var isHTTPS = false
    }

    public init() {}

    public init(_ request: borrowing RequestHead, isHTTPS: Bool) {
        set(request, isHTTPS: isHTTPS)
    }

    /// A key whose bytes are known.
    init(stored bytes: [UInt8]) {
        self.bytes = bytes
        hash = ByteHash.hash(bytes.span, seed: ByteHash.processSeed)
    }

    /// Takes the key of a request.
    /// - Parameter isHTTPS: how the client reaches the edge.
    public mutating func set(_ request: borrowing RequestHead, isHTTPS: Bool) {
        let host = request.slice(request.host)
        if hasOrigin(host, port: request.port, isHTTPS: isHTTPS) {
            bytes.removeSubrange(origin.count...)
        } else {
            bytes.removeAll(keepingCapacity: true)
            appendOrigin(host, port: request.port, isHTTPS: isHTTPS)
            origin = Origin(count: bytes.count, hostCount: host.count, port: request.port, isHTTPS: isHTTPS)
        }
        appendPath(request.slice(request.originTarget))
        hash = ByteHash.hash(bytes.span, seed: ByteHash.processSeed)
    }

    /// Takes the key of a URL of which the parts are known.
    /// - Parameters:
    ///   - port: nil for the one that the scheme has anyway.
    ///   - target: path and query.
    public mutating func set(host: Span<UInt8>, port: UInt16?, target: Span<UInt8>, isHTTPS: Bool) {
        origin = Origin()
        bytes.removeAll(keepingCapacity: true)
        appendOrigin(host, port: port, isHTTPS: isHTTPS)
        appendPath(target)
        hash = ByteHash.hash(bytes.span, seed: ByteHash.processSeed)
    }

    /// Adds parts that tell responses of one URL apart, or puts them in the URL's place.
    /// - Parameter parts: made by ``CacheKey/append(part:to:)``, so that no two lists look the same.
    public mutating func extend(_ parts: [UInt8], replacing: Bool) {
        if replacing {
            origin = Origin()
            bytes.removeAll(keepingCapacity: true)
        }
        bytes.append(contentsOf: parts)
        hash = ByteHash.hash(bytes.span, seed: ByteHash.processSeed)
    }

    /// A part behind a line end, which no URL has; those in it are doubled. Nil is unlike any text.
    public static func append(part: Span<UInt8>?, to parts: inout [UInt8]) {
        parts.append(0x0A)
        guard let part else { return parts.append(0x00) }
        parts.append(0x3D)
        for index in part.indices {
            if part[index] == 0x0A { parts.append(0x0A) }
            parts.append(part[index])
        }
    }

    /// The key of what a Location or Content-Location field of a response to this key's URL names. Nil if it is of
    /// another origin, which a response has no say over (RFC 9111 §4.4), or not understood.
    public func related(_ reference: Span<UInt8>) -> CacheKey? {
        var key = CacheKey()
        let end = originEnd
        key.bytes.append(contentsOf: bytes[..<end])
        var text = reference
        if let fragment = text.firstIndex(of: 0x23) { text = text.extracting(0..<fragment) }
        guard text.count > 0 else { return nil }
        if text.count >= 2, text[0] == 0x2F, text[1] == 0x2F {
            // "//host/path" has this key's scheme.
            return relatedAbsolute(text, from: 2)
        }
        if text[0] == 0x2F {
            key.appendPath(text)
        } else if let scheme = CacheKey.schemeEnd(text) {
            guard text.extracting(0..<scheme).equalsIgnoringCase(isHTTPS ? "https://" : "http://") else { return nil }
            return relatedAbsolute(text, from: scheme)
        } else {
            key.appendRelative(text, base: bytes.span.extracting(end...))
        }
        key.hash = ByteHash.hash(key.bytes.span, seed: ByteHash.processSeed)
        return key
    }

    /// The key of an absolute URL, `http://HOST[:PORT]/PATH` or with `https`; a fragment is left out. Nil if it is none.
    public init?(url: String) {
        let text = Array(url.utf8)
        var end = text.count
        if let fragment = text.firstIndex(of: 0x23) { end = fragment }
        let span = text.span.extracting(0..<end)
        guard let scheme = CacheKey.schemeEnd(span) else { return nil }
        let isHTTPS = span.extracting(0..<scheme).equalsIgnoringCase("https://")
        guard isHTTPS || span.extracting(0..<scheme).equalsIgnoringCase("http://") else { return nil }
        guard let path = appendAuthority(span, from: scheme, isHTTPS: isHTTPS), bytes.count > (isHTTPS ? 8 : 0) else {
            return nil
        }
        appendPath(span.extracting(path...))
        hash = ByteHash.hash(bytes.span, seed: ByteHash.processSeed)
    }

    /// A key beside this one, for what belongs to it.
    func suffixed(_ suffix: [UInt8]) -> CacheKey {
        var key = self
        key.bytes.append(contentsOf: suffix)
        key.hash = ByteHash.hash(key.bytes.span, seed: ByteHash.processSeed)
        return key
    }

    public static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.hash == right.hash && left.bytes == right.bytes
    }

    /// Rules have added to it, or put something in the URL's place.
    var isRuled: Bool { partsStart.map { bytes[$0 + 1] != CacheKey.searchMark } ?? false }

    /// It stands for all queries that a rule of the response unifies.
    var isUnified: Bool { partsStart.map { bytes[$0 + 1] == CacheKey.searchMark } ?? false }

    /// Behind a line end: what follows is the rule that made the query what it is.
    private static let searchMark: UInt8 = 0x3F

    /// Where what is no URL begins, at a line end.
    private var partsStart: Int? {
        bytes.span.firstIndex(of: 0x0A).flatMap { $0 + 1 < bytes.count ? $0 : nil }
    }

    /// Whether a purge by prefix meets a key. One that stands for several queries is met by the prefix of any query of its
    /// path, since some of these may begin so.
    static func meets(prefix: Span<UInt8>, key: Span<UInt8>) -> Bool {
        if prefix.count <= key.count, key.extracting(0..<prefix.count).isEqual(to: prefix) { return true }
        guard let end = prefix.firstIndex(of: 0x3F), end < key.count, key[end] == 0x3F || key[end] == 0x0A,
            key.extracting(0..<end).isEqual(to: prefix.extracting(0..<end)),
            let mark = key.firstIndex(of: 0x0A, from: end)
        else { return false }
        return mark + 1 < key.count && key[mark + 1] == searchMark
    }

    /// Where the query begins, or the URL ends.
    var pathEnd: Int { bytes.span.firstIndex(of: 0x3F) ?? bytes.count }

    /// Takes the spelling of a rule about queries.
    /// - Precondition: it is a URL alone.
    mutating func unify(by rule: SearchVariance, _ identity: UInt64) {
        let end = pathEnd
        let query = end < bytes.count ? Array(bytes[(end + 1)...]) : []
        bytes.removeSubrange(end...)
        bytes.append(contentsOf: rule.unified(query.span))
        bytes.append(contentsOf: [0x0A, CacheKey.searchMark])
        bytes.append(contentsOf: String(identity, radix: 16).utf8)
        hash = ByteHash.hash(bytes.span, seed: ByteHash.processSeed)
    }

    /// What this key has in common with others that a purge of a URL, or of a rule about queries, meets; no tag of a response
    /// looks so. Nil for a URL, and where rules put something in its place.
    var family: [UInt8]? {
        guard let start = partsStart, start > 0 else { return nil }
        guard isUnified else { return CacheKey.family(ofURL: bytes[..<start]) }
        return [0x0A] + bytes[..<min(pathEnd, start)] + bytes[start...]
    }

    /// Of all keys in which rules have added something to a URL.
    static func family(ofURL url: some Collection<UInt8>) -> [UInt8] { [0x0A] + url }

    var isHTTPS: Bool {
        bytes.count >= 8 && bytes.span.extracting(0..<8).isEqual(to: "https://")
    }

    /// Where scheme and authority end.
    private var originEnd: Int {
        bytes.span.firstIndex(of: 0x2F, from: isHTTPS ? 8 : 0) ?? bytes.count
    }

    /// Whether it begins with this origin; a host in another spelling is none.
    private func hasOrigin(_ host: Span<UInt8>, port: UInt16?, isHTTPS: Bool) -> Bool {
        guard origin.count > 0, origin.hostCount == host.count, origin.port == port, origin.isHTTPS == isHTTPS else {
            return false
        }
        let start = isHTTPS ? 8 : 0
        return bytes.span.extracting(start..<start + host.count).isEqual(to: host)
    }

    private mutating func appendOrigin(_ host: Span<UInt8>, port: UInt16?, isHTTPS: Bool) {
        if isHTTPS { bytes.append(contentsOf: "https://") }
        bytes.append(addingCapacity: host.count) { output in
            for index in host.indices {
                let byte = host[index]
                output.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
            }
        }
        if let port, port != (isHTTPS ? 443 : 80) {
            bytes.append(0x3A)
            NumberWriter.append(Int(port), to: &bytes)
        }
    }

    private mutating func appendPath(_ path: Span<UInt8>) {
        if path.count == 0 || path[0] == 0x3F { bytes.append(0x2F) }
        bytes.append(contentsOf: path)
    }

    /// A path relative to the base's folder; dot segments are not resolved beyond "./", which is enough for what
    /// servers send.
    private mutating func appendRelative(_ text: Span<UInt8>, base: Span<UInt8>) {
        let pathEnd = base.firstIndex(of: 0x3F) ?? base.count
        if text[0] == 0x3F {
            bytes.append(contentsOf: base.extracting(0..<pathEnd))
            bytes.append(contentsOf: text)
            return
        }
        var folder = pathEnd
        while folder > 0, base[folder - 1] != 0x2F { folder -= 1 }
        bytes.append(contentsOf: base.extracting(0..<folder))
        let skipped = text.count >= 2 && text[0] == 0x2E && text[1] == 0x2F ? 2 : 0
        bytes.append(contentsOf: text.extracting(skipped...))
    }

    private func relatedAbsolute(_ text: Span<UInt8>, from start: Int) -> CacheKey? {
        var key = CacheKey()
        guard let end = key.appendAuthority(text, from: start, isHTTPS: isHTTPS),
            key.bytes.span.isEqual(to: bytes.span.extracting(0..<originEnd))
        else { return nil }
        key.appendPath(text.extracting(end...))
        key.hash = ByteHash.hash(key.bytes.span, seed: ByteHash.processSeed)
        return key
    }

    /// Appends host and port of a URL. Returns where its path begins, nil where the port is none.
    private mutating func appendAuthority(_ text: Span<UInt8>, from start: Int, isHTTPS: Bool) -> Int? {
        var end = start
        while end < text.count, text[end] != 0x2F, text[end] != 0x3F { end += 1 }
        let authority = text.extracting(start..<end)
        var hostEnd = authority.count
        var port: UInt16?
        if let colon = authority.firstIndex(of: 0x3A), authority.count > 0, authority[0] != 0x5B {
            hostEnd = colon
            if colon + 1 < authority.count {
                guard let number = NumberParser.int64(authority.extracting((colon + 1)...)),
                    let narrow = UInt16(exactly: number)
                else { return nil }
                port = narrow
            }
        }
        appendOrigin(authority.extracting(0..<hostEnd), port: port, isHTTPS: isHTTPS)
        return end
    }

    /// Where `scheme://` ends, if the text starts with one.
    private static func schemeEnd(_ text: Span<UInt8>) -> Int? {
        guard let colon = text.firstIndex(of: 0x3A), colon + 2 < text.count, text[colon + 1] == 0x2F,
            text[colon + 2] == 0x2F
        else { return nil }
        return colon + 3
    }
}
