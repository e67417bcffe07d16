import Bytes

extension JSONText {
    /// Whether two values are the same: numbers by value, text by what it spells, the rest by its text without blanks.
    static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        if ByteOrder.areEqual(left, right) { return true }
        guard let first = byte(left, 0), let second = byte(right, 0) else { return false }
        if isNumber(first) && isNumber(second) {
            guard let a = NumberParser.float64(left), let b = NumberParser.float64(right) else { return false }
            return a == b
        }
        guard first == second else { return false }
        var plain: ([UInt8], [UInt8]) = ([], [])
        if first == UInt8(ascii: "\"") {
            guard appendScalar(left, to: &plain.0), appendScalar(right, to: &plain.1) else { return false }
        } else {
            appendCompact(left, to: &plain.0)
            appendCompact(right, to: &plain.1)
        }
        return plain.0 == plain.1
    }

    /// The same bytes for values that are the same, as `areEqual` has it, and others for others.
    static func identity(of value: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        if let first = byte(value, 0), isNumber(first), let number = NumberParser.float64(value) {
            // Of the two zeros one.
            let bits = (number == 0 ? 0 : number).bitPattern
            bytes.append(0)
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
            }
            return bytes
        }
        if byte(value, 0) == UInt8(ascii: "\"") {
            bytes.append(UInt8(ascii: "\""))
            if appendScalar(value, to: &bytes) { return bytes }
            bytes = []
        }
        appendCompact(value, to: &bytes)
        return bytes
    }

    /// Numbers by value, everything else by its bytes; kinds apart: false and true, numbers, texts, lists, objects.
    static func precedes(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        let kinds = (rank(left), rank(right))
        if kinds.0 != kinds.1 { return kinds.0 < kinds.1 }
        if kinds.0 == 2, let a = NumberParser.float64(left), let b = NumberParser.float64(right) { return a < b }
        var plain: ([UInt8], [UInt8]) = ([], [])
        if kinds.0 == 3, appendScalar(left, to: &plain.0), appendScalar(right, to: &plain.1) {
            return plain.0.lexicographicallyPrecedes(plain.1)
        }
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index]
        }
        return left.count < right.count
    }

    private static func rank(_ value: Span<UInt8>) -> Int {
        guard let first = byte(value, 0) else { return 0 }
        if isNumber(first) { return 2 }
        switch first {
        case UInt8(ascii: "n"): return 0
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return 1
        case UInt8(ascii: "\""): return 3
        case UInt8(ascii: "["): return 4
        default: return 5
        }
    }

    private static func isNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte &- 48 < 10 }

    static func isNull(_ value: Span<UInt8>) -> Bool { byte(value, 0) == UInt8(ascii: "n") }
}
