import Bytes

/// Encodings. What cannot carry markup any more is written as it is; decoded it is the client's again.
extension Machine {
    mutating func callEncoding(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        switch function {
        case .dollar: return .text(Text("$"))
        case .dquote: return .text(Text("\""))
        case .squote: return .text(Text("'"))
        default: break
        }
        let value = try argument(0, arguments, &page)
        if value.isUndefined { return .undefined }
        let text = value.asText
        switch function {
        case .htmlEncode: return .text(Text(HTMLText.encode(text.span), taint: text.taint.afterEncoding))
        case .htmlDecode: return .text(Text(HTMLText.decode(text.span), taint: text.taint.afterDecoding))
        case .urlEncode: return .text(Text(URLText.encode(text.span), taint: text.taint.afterEncoding))
        case .urlDecode: return .text(Text(URLText.decode(text.span), taint: text.taint.afterDecoding))
        case .base64Encode: return .text(Text(Base64.encode(text.span), taint: text.taint.afterEncoding))
        case .base64Decode:
            guard let bytes = Base64.decode(text.span) else {
                throw .expression("bad_base64", "$base64_decode got something that is not base64")
            }
            return .text(Text(bytes, taint: text.taint.afterDecoding))
        case .convertToUnicode: return .text(Text(Latin1.toUTF8(text.span), taint: text.taint))
        case .convertFromUnicode: return .text(Text(Latin1.fromUTF8(text.span), taint: text.taint))
        default: return .text(Text(text.bytes))
        }
    }
}

/// Percent encoding (RFC 3986, 2.1).
enum URLText {
    /// Everything but letters, digits and `-._~` is encoded.
    static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        for index in bytes.indices {
            let byte = bytes[index]
            if byte.isLetter || byte.isDigit || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E {
                out.append(byte)
            } else {
                out.append(UInt8(ascii: "%"))
                out.append(digit(byte >> 4))
                out.append(digit(byte & 15))
            }
        }
        return out
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 55 + nibble }

    /// A percent sign without two digits stays.
    static func decode(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = bytes[index + 1].hexadecimal,
                let low = bytes[index + 2].hexadecimal
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }
}

/// Base64 (RFC 4648, 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (index, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(index) }
        // The alphabet for URLs is read too (RFC 4648, 5).
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let first = UInt32(bytes[index]) << 16
            let second = left > 1 ? UInt32(bytes[index + 1]) << 8 : 0
            let group = first | second | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            out.append(alphabet[Int(group >> 18)])
            out.append(alphabet[Int(group >> 12 & 63)])
            out.append(left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            out.append(left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
            index += 3
        }
        return out
    }

    /// Blanks are left out; padding may be missing. Nil for anything else.
    static func decode(_ bytes: Span<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        var sawPadding = false
        for index in bytes.indices {
            let byte = bytes[index]
            if byte.isBlank { continue }
            if byte == UInt8(ascii: "=") {
                sawPadding = true
                continue
            }
            let value = values[Int(byte)]
            guard value < 64, !sawPadding else { return nil }
            group = group << 6 | UInt32(value)
            count += 1
            if count == 4 {
                for shift in [UInt32(16), 8, 0] { out.append(UInt8(truncatingIfNeeded: group >> shift)) }
                group = 0
                count = 0
            }
        }
        switch count {
        case 0: break
        case 2: out.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3:
            out.append(UInt8(truncatingIfNeeded: group >> 10))
            out.append(UInt8(truncatingIfNeeded: group >> 2))
        default: return nil
        }
        return out
    }
}

/// ISO 8859-1.
enum Latin1 {
    /// UTF-8 stays; anything else is read as ISO 8859-1.
    static func toUTF8(_ bytes: Span<UInt8>) -> [UInt8] {
        let array = Array(bytes)
        if String(validating: array, as: UTF8.self) != nil { return array }
        var out: [UInt8] = []
        for byte in array {
            if byte < 0x80 {
                out.append(byte)
            } else {
                out.append(0xC0 | byte >> 6)
                out.append(0x80 | byte & 0x3F)
            }
        }
        return out
    }

    /// What ISO 8859-1 has no letter for becomes a question mark.
    static func fromUTF8(_ bytes: Span<UInt8>) -> [UInt8] {
        let array = Array(bytes)
        guard let text = String(validating: array, as: UTF8.self) else { return array }
        return text.unicodeScalars.map { $0.value < 256 ? UInt8($0.value) : UInt8(ascii: "?") }
    }
}
