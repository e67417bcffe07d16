import SQL

/// Texts that become URLs, or parts of them.
extension RuleRunner {
    /// With percent signs for what no URL has as it is: blanks, controls, and what is no ASCII (RFC 3986, 2).
    static func encoded(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: isForeign) else { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(text.count + 32)
        for byte in text {
            if isForeign(byte) {
                out.append(0x25)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            } else {
                out.append(byte)
            }
        }
        return out
    }

    private static func isForeign(_ byte: UInt8) -> Bool { byte <= 0x20 || byte >= 0x7F }

    /// What a redirect leads to.
    /// - Throws: nothing is left of it, or of its host, as of a request without `Host`.
    static func location(_ text: [UInt8]) throws(SQLError) -> [UInt8] {
        let target = encoded(text)
        guard !target.isEmpty, !hasEmptyHost(target) else {
            throw SQLError(
                code: .evaluation, message: target.isEmpty ? "the redirect is empty" : "the redirect has no host")
        }
        return target
    }

    /// RFC 9110, 4.2.1; other schemes may do without a host.
    private static func hasEmptyHost(_ target: [UInt8]) -> Bool {
        let lower = target.prefix(8).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        for start in ["//", "http://", "https://"] where lower.starts(with: start.utf8) {
            let rest = target.dropFirst(start.utf8.count)
            return rest.first.map { "/?#:".utf8.contains($0) } ?? true
        }
        return false
    }

    /// Gives a URL a query unless it has one; it stands before the fragment (RFC 3986, 3.5).
    static func add(_ query: [UInt8], to target: inout [UInt8]) {
        let end = target.firstIndex(of: 0x23) ?? target.endIndex
        guard !target[..<end].contains(0x3F) else { return }
        target.insert(contentsOf: [0x3F] + query, at: end)
    }
}
