/// What a value has of the client.
struct Taint: OptionSet {
    let rawValue: UInt8

    /// Bytes of the client, as they came.
    static let client = Taint(rawValue: 1)
    /// Bytes of the client in an encoding that cannot carry markup. Decoded they can again.
    static let encoded = Taint(rawValue: 2)

    /// Of what an encoding makes of it.
    var afterEncoding: Taint { isEmpty ? [] : .encoded }
    /// Of what a decoding makes of it.
    var afterDecoding: Taint { isEmpty ? [] : .client }
}

/// Bytes of a value: a slice of the page, of the request or of something made. Copying one copies no bytes.
struct Text {
    var bytes: ArraySlice<UInt8>
    var taint: Taint

    init(_ bytes: ArraySlice<UInt8>, taint: Taint = []) {
        self.bytes = bytes
        self.taint = taint
    }

    init(_ bytes: [UInt8], taint: Taint = []) {
        self.init(bytes[...], taint: taint)
    }

    /// Must be made harmless where it goes into markup.
    var isTainted: Bool { taint.contains(.client) }

    init(_ text: StaticString) {
        self.init(text.withUTF8Buffer { Array($0) })
    }

    static let empty = Text([])

    var isEmpty: Bool { bytes.isEmpty }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span }
    }

    /// The whole text as an integer: an optional sign and digits, blanks around it allowed.
    var integer: Int64? {
        var index = bytes.startIndex
        var end = bytes.endIndex
        while index < end, bytes[index].isBlank { index += 1 }
        while end > index, bytes[end - 1].isBlank { end -= 1 }
        guard index < end else { return nil }
        var isNegative = false
        if bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        guard index < end, end - index <= 19 else { return nil }
        var value: Int64 = 0
        while index < end {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
            index += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}

extension UInt8 {
    @inline(__always)
    var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }

    @inline(__always)
    var isDigit: Bool { self &- 48 < 10 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    /// May stand in the name of a variable or function after the first byte.
    @inline(__always)
    var isNameByte: Bool { isLetter || isDigit || self == 0x5F }

    @inline(__always)
    var lowered: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    @inline(__always)
    var raised: UInt8 { self &- 0x61 < 26 ? self & 0xDF : self }
}
