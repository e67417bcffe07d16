/// A dictionary of structured fields (RFC 9651 §3.2), read strictly: one error and the whole field counts as absent.
/// Parameters are checked and dropped; of values only what directives use is kept.
public struct StructuredDictionary: Sendable {
    public enum Value: Sendable, Equatable {
        case integer(Int64)
        case boolean(Bool)
        case string([UInt8])
        case token([UInt8])
        /// An inner list of strings alone.
        case strings([[UInt8]])
        /// A decimal, bytes, a date, a display string or another inner list.
        case other
    }

    /// In order; a repeated key keeps its last value.
    public private(set) var members: [(key: [UInt8], value: Value)] = []

    /// Nil if the field is not a dictionary.
    public init?(_ block: HeaderBlock, _ header: KnownHeader) {
        guard let bytes = block.joinedValue(of: header) else { return nil }
        self.init(bytes)
    }

    /// Of a field's lines, joined by commas.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= 8192 else { return nil }
        var reader = StructuredReader(bytes)
        guard let members = reader.dictionary() else { return nil }
        self.members = members
    }
}

/// Reads structured fields (RFC 9651 §4.2). Nil means an error, which is final.
struct StructuredReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    private mutating func skip(_ isBlank: (UInt8) -> Bool) {
        while let byte = next, isBlank(byte) { index += 1 }
    }

    mutating func dictionary() -> [(key: [UInt8], value: StructuredDictionary.Value)]? {
        var members: [(key: [UInt8], value: StructuredDictionary.Value)] = []
        skip { $0 == 0x20 }
        while next != nil {
            guard let key = key() else { return nil }
            var value = StructuredDictionary.Value.boolean(true)
            if take(0x3D) {
                guard let found = take(0x28) ? innerList() : bareItem() else { return nil }
                value = found
            }
            guard parameters() else { return nil }
            members.removeAll { $0.key == key }
            members.append((key, value))
            skip(ByteClass.isSpace)
            if next == nil { return members }
            guard take(0x2C) else { return nil }
            skip(ByteClass.isSpace)
            // A comma at the end is an error.
            if next == nil { return nil }
        }
        skip { $0 == 0x20 }
        return next == nil ? members : nil
    }

    private mutating func key() -> [UInt8]? {
        guard let first = next, first == 0x2A || first &- 0x61 < 26 else { return nil }
        let start = index
        skip { $0 &- 0x61 < 26 || ByteClass.isDigit($0) || [0x5F, 0x2D, 0x2E, 0x2A].contains($0) }
        return Array(bytes[start..<index])
    }

    private mutating func parameters() -> Bool {
        while take(0x3B) {
            skip { $0 == 0x20 }
            guard key() != nil else { return false }
            if take(0x3D), bareItem() == nil { return false }
        }
        return true
    }

    /// After the opening bracket.
    private mutating func innerList() -> StructuredDictionary.Value? {
        var strings: [[UInt8]]? = []
        while true {
            skip { $0 == 0x20 }
            if take(0x29) { return strings.map { .strings($0) } ?? .other }
            guard let item = bareItem(), parameters(), next == 0x20 || next == 0x29 else { return nil }
            if case .string(let text) = item { strings?.append(text) } else { strings = nil }
        }
    }

    private mutating func bareItem() -> StructuredDictionary.Value? {
        guard let byte = next else { return nil }
        switch byte {
        case 0x2D, 0x30...0x39: return number()
        case 0x22: return string()
        case 0x3F: return boolean()
        case 0x3A: return byteSequence()
        case 0x40:
            index += 1
            guard case .integer = number() else { return nil }
            return .other
        case 0x25: return displayString()
        case 0x2A, 0x41...0x5A, 0x61...0x7A:
            let start = index
            skip { ByteClass.isToken($0) || $0 == 0x3A || $0 == 0x2F }
            return .token(Array(bytes[start..<index]))
        default: return nil
        }
    }

    private mutating func number() -> StructuredDictionary.Value? {
        let isNegative = take(0x2D)
        let start = index
        var value: Int64 = 0
        while let byte = next, ByteClass.isDigit(byte) {
            guard index - start < 15 else { return nil }
            value = value * 10 + Int64(byte &- 0x30)
            index += 1
        }
        let digits = index - start
        guard digits > 0 else { return nil }
        guard take(0x2E) else { return .integer(isNegative ? -value : value) }
        let fraction = index
        skip(ByteClass.isDigit)
        return digits <= 12 && (1...3).contains(index - fraction) ? .other : nil
    }

    private mutating func string() -> StructuredDictionary.Value? {
        index += 1
        var out: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case 0x22: return .string(out)
            case 0x5C:
                guard let escaped = next, escaped == 0x22 || escaped == 0x5C else { return nil }
                index += 1
                out.append(escaped)
            case 0x20..<0x7F: out.append(byte)
            default: return nil
            }
        }
        return nil
    }

    private mutating func boolean() -> StructuredDictionary.Value? {
        index += 1
        if take(0x31) { return .boolean(true) }
        return take(0x30) ? .boolean(false) : nil
    }

    private mutating func byteSequence() -> StructuredDictionary.Value? {
        index += 1
        while let byte = next, isLetter(byte) || ByteClass.isDigit(byte) || [0x2B, 0x2F, 0x3D].contains(byte) {
            index += 1
        }
        return take(0x3A) ? .other : nil
    }

    private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// `%"…"` with lower-case percent encoding (RFC 9651 §4.2.10); the UTF-8 inside is not checked.
    private mutating func displayString() -> StructuredDictionary.Value? {
        index += 1
        guard take(0x22) else { return nil }
        while let byte = next {
            index += 1
            switch byte {
            case 0x22: return .other
            case 0x25:
                for _ in 0..<2 {
                    guard let digit = next, ByteClass.isDigit(digit) || digit &- 0x61 < 6 else { return nil }
                    index += 1
                }
            case 0x20..<0x7F: continue
            default: return nil
            }
        }
        return nil
    }
}
