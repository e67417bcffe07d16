import Bytes

/// What `HTTP_USER_AGENT{…}` tells, in the words that ESI 1.0 gives: browsers `MSIE`, `MOZILLA` and `OTHER`, systems
/// `WIN`, `MAC`, `UNIX` and `OTHER`.
struct UserAgentFacts {
    let browser: StaticString
    let system: StaticString
    let version: Text

    init(_ agent: Text) {
        let bytes = Array(agent.bytes)
        if let place = UserAgentFacts.find("MSIE ", bytes) {
            browser = "MSIE"
            version = UserAgentFacts.number(bytes, from: place + 5)
        } else if let place = UserAgentFacts.find("Trident/", bytes) {
            browser = "MSIE"
            let revision = UserAgentFacts.find("rv:", bytes)
            version = UserAgentFacts.number(bytes, from: revision.map { $0 + 3 } ?? place + 8)
        } else if bytes.span.hasPrefix("Mozilla/") {
            browser = "MOZILLA"
            version = UserAgentFacts.number(bytes, from: 8)
        } else {
            browser = "OTHER"
            let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
            version = slash.map { UserAgentFacts.number(bytes, from: $0 + 1) } ?? .empty
        }
        if UserAgentFacts.find("Windows", bytes) != nil || UserAgentFacts.find("Win32", bytes) != nil {
            system = "WIN"
        } else if UserAgentFacts.find("Mac", bytes) != nil || UserAgentFacts.find("iPhone", bytes) != nil {
            system = "MAC"
        } else if ["X11", "Linux", "Android", "BSD", "Unix"].contains(where: { UserAgentFacts.find($0, bytes) != nil })
        {
            system = "UNIX"
        } else {
            system = "OTHER"
        }
    }

    private static func find(_ word: String, _ bytes: [UInt8]) -> Int? {
        let word = Array(word.utf8)
        return bytes.span.firstIndex(of: word.span, from: 0)
    }

    private static func number(_ bytes: [UInt8], from start: Int) -> Text {
        var end = start
        while end < bytes.count, bytes[end].isDigit || bytes[end] == UInt8(ascii: ".") { end += 1 }
        return Text(bytes[min(start, bytes.count)..<max(end, min(start, bytes.count))], taint: .client)
    }
}

extension Span where Element == UInt8 {
    func hasPrefix(_ text: StaticString) -> Bool { hasPrefix(text, at: 0) }

    /// Where `needle` first stands at or after `start`; an empty one stands everywhere.
    func firstIndex(of needle: Span<UInt8>, from start: Int) -> Int? {
        if needle.isEmpty { return start <= count ? start : nil }
        var index = start
        while index + needle.count <= count {
            guard let found = firstIndex(of: needle[0], from: index), found + needle.count <= count else { return nil }
            if extracting(found..<found + needle.count).isEqual(to: needle) { return found }
            index = found + 1
        }
        return nil
    }
}
