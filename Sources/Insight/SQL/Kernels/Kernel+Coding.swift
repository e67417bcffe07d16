import Bytes
import Columns

extension Kernel {
    func coded(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let repeats = arguments.count > 1 ? arguments[1].operand.bits(count) : nil
        return try made(arguments, count) { row, output in
            switch function {
            case .urlEncode: URLCoding.encode(texts.text(row), to: &output)
            case .urlDecode:
                guard let repeats, repeats[row] else { return URLCoding.decode(texts.text(row), to: &output) }
                return URLCoding.decodeAll(texts.array(row), to: &output)
            case .toBase64: Base64.encode(texts.text(row), to: &output)
            default: return Base64.decode(texts.text(row), to: &output)
            }
            return true
        }
    }
}

/// `application/x-www-form-urlencoded`, as Java's URLEncoder has it: blanks are `+`.
enum URLCoding {
    static func encode(_ text: Span<UInt8>, to output: inout [UInt8]) {
        for index in 0..<text.count {
            let byte = text[index]
            if byte.isASCIILetter || byte &- 48 < 10 || byte == 45 || byte == 46 || byte == 95 || byte == 42 {
                output.append(byte)
            } else if byte == 0x20 {
                output.append(UInt8(ascii: "+"))
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(hexadecimal(byte >> 4))
                output.append(hexadecimal(byte & 15))
            }
        }
    }

    /// False where a `%` is not followed by two hexadecimal digits.
    static func decode(_ text: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < text.count, let high = digit(text[index + 1]), let low = digit(text[index + 2])
                else { return false }
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        return true
    }

    /// Decodes what was decoded, until that changes nothing or is no encoded text any more.
    static func decodeAll(_ text: [UInt8], to output: inout [UInt8]) -> Bool {
        var known = text
        var isFirst = true
        while true {
            var next: [UInt8] = []
            guard decode(known.span, to: &next) else {
                if isFirst { return false }
                break
            }
            if next == known { break }
            known = next
            isFirst = false
        }
        output.append(contentsOf: known)
        return true
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 48 < 10 { return byte &- 48 }
        let letter = (byte | 0x20) &- 97
        return letter < 6 ? letter + 10 : nil
    }

    private static func hexadecimal(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 48 : nibble + 55 }
}

/// RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ text: Span<UInt8>, to output: inout [UInt8]) {
        var index = 0
        while index < text.count {
            let left = text.count - index
            let word =
                UInt32(text[index]) << 16 | (left > 1 ? UInt32(text[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(text[index + 2]) : 0)
            output.append(alphabet[Int(word >> 18)])
            output.append(alphabet[Int(word >> 12 & 63)])
            output.append(left > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "="))
            output.append(left > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "="))
            index += 3
        }
    }

    /// False for what is no base 64. Padding may be left out.
    static func decode(_ text: Span<UInt8>, to output: inout [UInt8]) -> Bool {
        var word: UInt32 = 0
        var bits = 0
        var end = text.count
        while end > 0 && text[end - 1] == UInt8(ascii: "=") && text.count - end < 2 { end -= 1 }
        if end % 4 == 1 { return false }
        for index in 0..<end {
            guard let value = value(text[index]) else { return false }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return true
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 65...90: UInt32(byte - 65)
        case 97...122: UInt32(byte - 71)
        case 48...57: UInt32(byte + 4)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
