import Bytes
import HTTPWire

/// Request fields that some origins heed although no cache key holds them, or that name a client: whoever could send them
/// could have the cache store for all what only they should see (Kettle, "Practical Web Cache Poisoning"). They are taken
/// out of requests that no trusted proxy sent.
public struct UntrustedFields: Sendable, Equatable {
    /// docs/security.md has the reasons.
    public static let usual = [
        "X-Forwarded-*", "Forwarded", "X-Original-*", "X-Rewrite-*", "X-Host", "X-HTTP-Host-Override",
        "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Real-IP", "X-Client-IP",
        "X-Cluster-Client-IP", "True-Client-IP", "X-ProxyUser-Ip", "X-Remote-*", "X-Accel-*", "X-Sendfile-*",
        "X-URL-Scheme", "Front-End-Https", "CF-Connecting-IP", "Fastly-Client-IP", "Client-IP", "X-Azure-ClientIP",
        "X-Azure-SocketIP", "X-Override-URL", "X-Envoy-*", "X-Middleware-*", "X-Invoke-*", "X-Matched-Path",
        "X-Now-Route-Matches", "Proxy",
    ]

    /// In lower case.
    private let names: Set<[UInt8]>
    private let prefixes: [[UInt8]]
    /// One bit for the first letter of each.
    private let letters: UInt32
    private let known: HeaderSet

    /// - Parameter patterns: names in any case; a `*` at the end stands for anything. An underscore is a hyphen, as in the
    ///   variables that CGI, WSGI and PHP make of fields.
    public init(_ patterns: [String] = UntrustedFields.usual) {
        let lowered = patterns.map { UntrustedFields.folded(Array($0.utf8)) }
        names = Set(lowered.filter { $0.last != 0x2A })
        prefixes = lowered.filter { $0.last == 0x2A }.map { Array($0.dropLast()) }
        var letters: UInt32 = 0
        for pattern in lowered { letters |= pattern.first == 0x2A ? .max : HeaderBlock.initial(pattern.first ?? 0) }
        self.letters = letters
        var known = HeaderSet()
        for header in KnownHeader.allCases where header != .other {
            let name = Array(header.name.lowercased().utf8)
            if names.contains(name) || prefixes.contains(where: { name.starts(with: $0) }) { known.insert(header) }
        }
        self.known = known
    }

    /// Whether a look at the names is needed: most requests have no field that begins so.
    @inline(__always)
    func mayConcern(_ block: HeaderBlock) -> Bool { block.mayContain(known, initials: letters) }

    private func concerns(_ name: [UInt8]) -> Bool {
        let name = UntrustedFields.folded(name)
        return names.contains(name) || prefixes.contains { name.starts(with: $0) }
    }

    private static func folded(_ name: [UInt8]) -> [UInt8] {
        name.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 == 0x5F ? 0x2D : $0 }
    }

    /// Takes them out, unless a trusted proxy sent them.
    /// - Returns: the names of those that it took out, in lower case.
    @discardableResult
    func strip(_ head: inout RequestHead, isTrusted: Bool) -> [[UInt8]] {
        guard !isTrusted, mayConcern(head.block) else { return [] }
        var found: [[UInt8]] = []
        for field in head.block.fields {
            let name = head.block.slice(field.name)
            guard field.id == .other ? letters & HeaderBlock.initial(name[0]) != 0 : known.contains(field.id) else {
                continue
            }
            let lowered = [UInt8](name).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
            if concerns(lowered), !found.contains(lowered) { found.append(lowered) }
        }
        for name in found { head.block.remove(named: name.span) }
        return found
    }
}
