import Bytes

/// JSON's lexical rules (RFC 8259) on bytes.
enum JSONText {
    enum Literal { case null, yes, no }

    enum Number {
        case integer(Int64)
        case double(Double)
    }

    @inline(__always)
    static func beginsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "t"),
            UInt8(ascii: "f"), UInt8(ascii: "n"):
            true
        default: false
        }
    }

    static func literal(_ bytes: Span<UInt8>) -> Literal? {
        if bytes.isEqual(to: "true") { return .yes }
        if bytes.isEqual(to: "false") { return .no }
        return bytes.isEqual(to: "null") ? .null : nil
    }

    /// A number in JSON's grammar: an integer when it is written as one and fits 64 bits, else a double.
    static func number(_ bytes: Span<UInt8>) -> Number? {
        let count = bytes.count
        guard count > 0 else { return nil }
        let start = bytes[0] == UInt8(ascii: "-") ? 1 : 0
        // Up to 18 digits and nothing else is by far the most common case.
        if count - start <= 18, count > start {
            var value: Int64 = 0
            var index = start
            while index < count {
                let digit = bytes[index] &- 48
                if digit > 9 { break }
                value = value &* 10 &+ Int64(digit)
                index += 1
            }
            if index == count {
                if bytes[start] == 48, count > start + 1 { return nil }
                return .integer(start == 1 ? 0 &- value : value)
            }
        }
        guard isNumber(bytes) else { return nil }
        if let value = NumberParser.int64(bytes) { return .integer(value) }
        return NumberParser.float64(bytes).map { .double($0) }
    }

    /// RFC 8259, section 6.
    static func isNumber(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        let count = bytes.count
        func digits(_ index: inout Int) -> Bool {
            let start = index
            while index < count, bytes[index] &- 48 < 10 { index += 1 }
            return index > start
        }
        if index < count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        if index < count, bytes[index] == 48 {
            index += 1
        } else if !digits(&index) {
            return false
        }
        if index < count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            if !digits(&index) { return false }
        }
        if index < count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
            if !digits(&index) { return false }
        }
        return index == count
    }

    /// - Parameter bytes: what stands between the quotes.
    static func hasValidEscapes(_ bytes: Span<UInt8>) -> Bool {
        var scratch: [UInt8] = []
        return unescape(bytes, to: &scratch)
    }

    /// Appends the text that the escapes stand for. Half a surrogate pair becomes U+FFFD.
    /// - Parameter bytes: what stands between the quotes.
    /// - Returns: `false` when an escape is none of JSON's.
    static func unescape(_ bytes: Span<UInt8>, to buffer: inout [UInt8]) -> Bool {
        var index = 0
        while true {
            guard let slash = bytes.firstIndex(of: UInt8(ascii: "\\"), from: index) else {
                bytes.extracting(index...).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
                return true
            }
            bytes.extracting(index..<slash).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
            guard slash + 1 < bytes.count else { return false }
            index = slash + 2
            switch bytes[slash + 1] {
            case UInt8(ascii: "\""): buffer.append(0x22)
            case UInt8(ascii: "\\"): buffer.append(0x5c)
            case UInt8(ascii: "/"): buffer.append(0x2f)
            case UInt8(ascii: "b"): buffer.append(0x08)
            case UInt8(ascii: "f"): buffer.append(0x0c)
            case UInt8(ascii: "n"): buffer.append(0x0a)
            case UInt8(ascii: "r"): buffer.append(0x0d)
            case UInt8(ascii: "t"): buffer.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = unicode(bytes, at: &index) else { return false }
                append(scalar, to: &buffer)
            default: return false
            }
        }
    }

    /// The scalar of `XXXX` at `index`, and of a second `\uXXXX` where both make a surrogate pair.
    private static func unicode(_ bytes: Span<UInt8>, at index: inout Int) -> UInt32? {
        guard let first = hexadecimal(bytes, at: index) else { return nil }
        index += 4
        if first & 0xf800 != 0xd800 { return first }
        if first < 0xdc00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u"), let second = hexadecimal(bytes, at: index + 2),
            second & 0xfc00 == 0xdc00
        {
            index += 6
            return 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
        }
        return 0xfffd
    }

    private static func hexadecimal(_ bytes: Span<UInt8>, at start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let digit = bytes[index] &- 48
            let letter = (bytes[index] | 0x20) &- 97
            guard digit < 10 || letter < 6 else { return nil }
            value = value << 4 | UInt32(digit < 10 ? digit : letter + 10)
        }
        return value
    }

    private static func append(_ scalar: UInt32, to buffer: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
