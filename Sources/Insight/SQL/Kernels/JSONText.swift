/// JSON read where it lies, without a tree: paths, scalars, validity. Linear in the text.
enum JSONText {
    /// Deeper nesting is not valid JSON for `IS JSON` and casts.
    static let maximumDepth = 256

    // MARK: paths

    /// Where the first value on the path lies; nil when there is none or the text before it is no JSON. With
    /// `onlyOne`, nil as well when there is a second.
    static func find(_ path: JSONPath, in text: Span<UInt8>, onlyOne: Bool = false) -> Range<Int>? {
        var found: [Range<Int>] = []
        let hasWildcard = path.hasWildcard
        var index = skipBlanks(text, 0)
        _ = walk(path.steps[...], text, &index, &found, wanted: onlyOne && hasWildcard ? 2 : 1, isMany: hasWildcard)
        return found.count == 1 ? found[0] : nil
    }

    /// Where all values on the path lie.
    static func findAll(_ path: JSONPath, in text: Span<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = skipBlanks(text, 0)
        _ = walk(path.steps[...], text, &index, &found, wanted: .max, isMany: path.hasWildcard)
        return found
    }

    /// Follows the steps from the value at `index`; leaves `index` after it. False when the text is broken, or all
    /// that is wanted has been found.
    ///
    /// - Parameter isMany: several values may lie on the path, so that the rest of a container matters too.
    private static func walk(
        _ steps: ArraySlice<JSONPath.Step>, _ text: Span<UInt8>, _ index: inout Int, _ found: inout [Range<Int>],
        wanted: Int, isMany: Bool
    ) -> Bool {
        let start = index
        guard let step = steps.first else {
            guard let end = skipValue(text, start) else { return false }
            found.append(start..<end)
            index = end
            return found.count < wanted
        }
        guard start < text.count else { return false }
        let rest = steps.dropFirst()
        switch (text[start], step) {
        case (UInt8(ascii: "{"), .key), (UInt8(ascii: "{"), .anyKey):
            var isFound = false
            return members(text, &index) { key, position in
                guard !isFound, step == .anyKey || matches(step, text.extracting(key)) else {
                    return skip(text, &position)
                }
                // Of members of one name the first counts.
                isFound = step != .anyKey
                return walk(rest, text, &position, &found, wanted: wanted, isMany: isMany) && isMany
            }
        case (UInt8(ascii: "["), .index(let number)):
            var left = number
            return elements(text, &index) { position in
                left -= 1
                if left != -1 { return skip(text, &position) }
                return walk(rest, text, &position, &found, wanted: wanted, isMany: isMany) && isMany
            }
        case (UInt8(ascii: "["), .anyIndex):
            return elements(text, &index) {
                walk(rest, text, &$0, &found, wanted: wanted, isMany: isMany)
            }
        default: return skip(text, &index)
        }
    }

    private static func skip(_ text: Span<UInt8>, _ index: inout Int) -> Bool {
        guard let end = skipValue(text, index) else { return false }
        index = end
        return true
    }

    private static func members(
        _ text: Span<UInt8>, _ index: inout Int, _ body: (Range<Int>, inout Int) -> Bool
    ) -> Bool {
        index = skipBlanks(text, index + 1)
        if byte(text, index) == UInt8(ascii: "}") {
            index += 1
            return true
        }
        while true {
            guard let end = skipString(text, index) else { return false }
            let key = (index + 1)..<(end - 1)
            index = skipBlanks(text, end)
            guard byte(text, index) == UInt8(ascii: ":") else { return false }
            index = skipBlanks(text, index + 1)
            guard body(key, &index) else { return false }
            index = skipBlanks(text, index)
            let next = byte(text, index)
            index = skipBlanks(text, index + 1)
            if next == UInt8(ascii: "}") { return true }
            guard next == UInt8(ascii: ",") else { return false }
        }
    }

    private static func elements(_ text: Span<UInt8>, _ index: inout Int, _ body: (inout Int) -> Bool) -> Bool {
        index = skipBlanks(text, index + 1)
        if byte(text, index) == UInt8(ascii: "]") {
            index += 1
            return true
        }
        while true {
            guard body(&index) else { return false }
            index = skipBlanks(text, index)
            let next = byte(text, index)
            index = skipBlanks(text, index + 1)
            if next == UInt8(ascii: "]") { return true }
            guard next == UInt8(ascii: ",") else { return false }
        }
    }

    private static func matches(_ step: JSONPath.Step, _ key: Span<UInt8>) -> Bool {
        guard case .key(let name) = step else { return false }
        if ByteOrder.areEqual(key, name.span) { return true }
        var plain: [UInt8] = []
        for index in 0..<key.count where key[index] == UInt8(ascii: "\\") {
            return unescape(key, to: &plain) && plain == name
        }
        return false
    }

    // MARK: values

    /// The text of a string, number or boolean; false for null, objects and arrays.
    static func appendScalar(_ value: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        switch byte(value, 0) {
        case UInt8(ascii: "\""): return unescape(value.extracting(1..<(value.count - 1)), to: &output)
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "n"): return false
        default:
            for index in 0..<value.count { output.append(value[index]) }
            return true
        }
    }

    /// An object or array without the blanks between its parts; false for anything else.
    static func appendContainer(_ value: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        let first = byte(value, 0)
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return false }
        appendCompact(value, to: &output)
        return true
    }

    /// Any value without the blanks between its parts; false for null.
    static func appendElement(_ value: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        guard byte(value, 0) != UInt8(ascii: "n") else { return false }
        appendCompact(value, to: &output)
        return true
    }

    static func appendCompact(_ value: Span<UInt8>, to output: inout [UInt8]) {
        var isInString = false
        var index = 0
        while index < value.count {
            let byte = value[index]
            if isInString {
                output.append(byte)
                if byte == UInt8(ascii: "\\"), index + 1 < value.count {
                    index += 1
                    output.append(value[index])
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if !isBlank(byte) {
                output.append(byte)
                isInString = byte == UInt8(ascii: "\"")
            }
            index += 1
        }
    }

    /// The inside of a string literal as plain text; false where an escape is broken.
    static func unescape(_ text: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte != UInt8(ascii: "\\") {
                output.append(byte)
                continue
            }
            guard index < text.count else { return false }
            let escape = text[index]
            index += 1
            switch escape {
            case UInt8(ascii: "n"): output.append(10)
            case UInt8(ascii: "t"): output.append(9)
            case UInt8(ascii: "r"): output.append(13)
            case UInt8(ascii: "b"): output.append(8)
            case UInt8(ascii: "f"): output.append(12)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(escape)
            case UInt8(ascii: "u"):
                guard let codePoint = codePoint(text, &index) else { return false }
                UTF8Text.append(codePoint, to: &output)
            default: return false
            }
        }
        return true
    }

    /// Four hexadecimal digits, and the other half of a surrogate pair.
    private static func codePoint(_ text: Span<UInt8>, _ index: inout Int) -> UInt32? {
        guard let first = hexadecimal(text, &index) else { return nil }
        guard first & 0xfc00 == 0xd800, byte(text, index) == UInt8(ascii: "\\"), byte(text, index + 1) == 0x75 else {
            return first
        }
        var next = index + 2
        guard let second = hexadecimal(text, &next), second & 0xfc00 == 0xdc00 else { return first }
        index = next
        return 0x10000 + (first & 0x3ff) << 10 + (second & 0x3ff)
    }

    private static func hexadecimal(_ text: Span<UInt8>, _ index: inout Int) -> UInt32? {
        guard index + 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = URLCoding.digit(text[index]) else { return nil }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    /// A string literal of `text`, as JSON has it.
    static func appendQuoted(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for index in 0..<text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            } else if byte < 0x20 {
                output.append(contentsOf: "\\u00".utf8)
                output.append(48 + byte >> 4)
                output.append(byte & 15 < 10 ? byte & 15 + 48 : byte & 15 + 87)
            } else {
                output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    // MARK: skipping

    /// The end of the value at `index`, found by its brackets; its inside is not checked.
    static func skipValue(_ text: Span<UInt8>, _ start: Int) -> Int? {
        guard start < text.count else { return nil }
        var index = start
        var depth = 0
        repeat {
            guard index < text.count else { return nil }
            switch text[index] {
            case UInt8(ascii: "\""):
                guard let end = skipString(text, index) else { return nil }
                index = end
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return nil }
                index += 1
            default:
                let first = index
                while index < text.count, !isDelimiter(text[index]) { index += 1 }
                if index == first {
                    if depth == 0 { return nil }
                    index += 1
                }
            }
        } while depth > 0
        return index
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: "{"),
            UInt8(ascii: "["), UInt8(ascii: "\""):
            true
        default: isBlank(byte)
        }
    }

    static func skipString(_ text: Span<UInt8>, _ start: Int) -> Int? {
        guard byte(text, start) == UInt8(ascii: "\"") else { return nil }
        var index = start + 1
        while index < text.count {
            if text[index] == UInt8(ascii: "\"") { return index + 1 }
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    static func skipBlanks(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, isBlank(text[index]) { index += 1 }
        return index
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

    @inline(__always)
    static func byte(_ text: Span<UInt8>, _ index: Int) -> UInt8? { index < text.count ? text[index] : nil }
}
