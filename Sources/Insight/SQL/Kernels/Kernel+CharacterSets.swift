import Columns

/// How `ENCODE` and `DECODE` have text in bytes.
enum CharacterSet: String {
    case utf8 = "UTF-8"
    case ascii = "US-ASCII"
    case latin1 = "ISO-8859-1"
    case utf16 = "UTF-16"
    case utf16BigEndian = "UTF-16BE"
    case utf16LittleEndian = "UTF-16LE"

    init(_ name: [UInt8]) throws(SQLError) {
        let text = String(decoding: name, as: UTF8.self)
        guard let known = CharacterSet(rawValue: text.uppercased()) else {
            throw SQLError(
                code: .invalidLiteral, message: "there is no character set '\(text.prefix(64))' here",
                suggestion: "there are UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE and UTF-16LE")
        }
        self = known
    }

    /// What it lacks becomes a question mark, as in Java.
    func append(_ text: [UInt8], to output: inout [UInt8]) {
        switch self {
        case .utf8: output += text
        case .ascii, .latin1:
            let last: UInt32 = self == .ascii ? 0x7F : 0xFF
            for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
                output.append(scalar.value <= last ? UInt8(scalar.value) : UInt8(ascii: "?"))
            }
        case .utf16, .utf16BigEndian, .utf16LittleEndian:
            if self == .utf16 { output += [0xFE, 0xFF] }
            for unit in String(decoding: text, as: UTF8.self).utf16 {
                let bytes = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
                output += self == .utf16LittleEndian ? bytes.reversed() : bytes
            }
        }
    }

    /// What is no character becomes U+FFFD.
    func decoded(_ bytes: [UInt8]) -> String {
        switch self {
        case .utf8: return String(decoding: bytes, as: UTF8.self)
        case .ascii, .latin1:
            var scalars = String.UnicodeScalarView()
            for byte in bytes { scalars.append(self == .ascii && byte > 0x7F ? "\u{FFFD}" : Unicode.Scalar(byte)) }
            return String(scalars)
        case .utf16, .utf16BigEndian, .utf16LittleEndian:
            let isMarked = self == .utf16 && (bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]))
            let isLittle = self == .utf16LittleEndian || isMarked && bytes[0] == 0xFF
            let units = stride(from: isMarked ? 2 : 0, to: bytes.count - 1, by: 2).map { index in
                let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
                return isLittle ? second << 8 | first : first << 8 | second
            }
            return String(decoding: units, as: UTF16.self) + (bytes.count % 2 == 1 ? "\u{FFFD}" : "")
        }
    }
}

extension Kernel {
    /// `ENCODE(text, character set)` and `DECODE(bytes, character set)`.
    func recoded(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let (texts, names) = (arguments[0].operand.texts(), arguments[1].operand.texts())
        return try made(arguments, count) { (row, output) throws(SQLError) -> Bool in
            let set = try CharacterSet(names.array(row))
            if function == .encode {
                set.append(texts.array(row), to: &output)
            } else {
                output += Array(set.decoded(texts.array(row)).utf8)
            }
            return true
        }
    }
}
