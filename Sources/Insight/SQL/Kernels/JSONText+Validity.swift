extension JSONText {
    /// Whether the whole text is one JSON value (RFC 8259) of this kind.
    static func isValid(_ text: Span<UInt8>, _ kind: JSONKind = .value) -> Bool {
        var index = skipBlanks(text, 0)
        switch (kind, byte(text, index)) {
        case (.array, UInt8(ascii: "[")), (.object, UInt8(ascii: "{")), (.value, _): break
        case (.scalar, let first): if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") { return false }
        default: return false
        }
        guard value(text, &index, depth: 0) else { return false }
        return skipBlanks(text, index) == text.count
    }

    private static func value(_ text: Span<UInt8>, _ index: inout Int, depth: Int) -> Bool {
        guard depth < maximumDepth, let first = byte(text, index) else { return false }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return container(text, &index, depth: depth)
        case UInt8(ascii: "\""): return string(text, &index)
        case UInt8(ascii: "t"): return word("true", text, &index)
        case UInt8(ascii: "f"): return word("false", text, &index)
        case UInt8(ascii: "n"): return word("null", text, &index)
        default: return number(text, &index)
        }
    }

    private static func container(_ text: Span<UInt8>, _ index: inout Int, depth: Int) -> Bool {
        let isObject = text[index] == UInt8(ascii: "{")
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        index = skipBlanks(text, index + 1)
        if byte(text, index) == close {
            index += 1
            return true
        }
        while true {
            if isObject {
                guard string(text, &index) else { return false }
                index = skipBlanks(text, index)
                guard byte(text, index) == UInt8(ascii: ":") else { return false }
                index = skipBlanks(text, index + 1)
            }
            guard value(text, &index, depth: depth + 1) else { return false }
            index = skipBlanks(text, index)
            let next = byte(text, index)
            index += 1
            if next == close { return true }
            guard next == UInt8(ascii: ",") else { return false }
            index = skipBlanks(text, index)
        }
    }

    private static func string(_ text: Span<UInt8>, _ index: inout Int) -> Bool {
        guard let end = skipString(text, index), end <= text.count else { return false }
        for position in (index + 1)..<(end - 1) where text[position] < 0x20 { return false }
        var plain: [UInt8] = []
        for position in (index + 1)..<(end - 1) where text[position] == UInt8(ascii: "\\") {
            guard unescape(text.extracting((index + 1)..<(end - 1)), to: &plain) else { return false }
            break
        }
        index = end
        return true
    }

    private static func word(_ word: StaticString, _ text: Span<UInt8>, _ index: inout Int) -> Bool {
        let expected = Array("\(word)".utf8)
        guard index + expected.count <= text.count, UTF8Text.matches(expected.span, text, at: index) else {
            return false
        }
        index += expected.count
        return true
    }

    private static func number(_ text: Span<UInt8>, _ index: inout Int) -> Bool {
        func digits() -> Int {
            let start = index
            while index < text.count, text[index] &- 48 < 10 { index += 1 }
            return index - start
        }
        if byte(text, index) == UInt8(ascii: "-") { index += 1 }
        let startsWithZero = byte(text, index) == 48
        let whole = digits()
        if whole == 0 || (startsWithZero && whole > 1) { return false }
        if byte(text, index) == UInt8(ascii: ".") {
            index += 1
            if digits() == 0 { return false }
        }
        if let exponent = byte(text, index), exponent | 0x20 == UInt8(ascii: "e") {
            index += 1
            if let sign = byte(text, index), sign == 43 || sign == 45 { index += 1 }
            if digits() == 0 { return false }
        }
        return true
    }
}
