import Columns

/// What a sub-expression gives over the rows of a frame: one value for all of them, or a column.
enum Operand: Sendable {
    case constant(Value)
    case column(Column)

    var isConstant: Bool {
        if case .constant = self { return true }
        return false
    }

    var isConstantNull: Bool {
        if case .constant(.null) = self { return true }
        return false
    }
}

/// An operand and its SQL type.
struct Argument: Sendable {
    var operand: Operand
    var type: SQLType
}

/// Fixed-width values read by row; a constant is read at 0 whatever the row.
struct Values<Element: Sendable>: Sendable {
    let elements: [Element]
    /// All ones for a column, 0 for a constant.
    let mask: Int

    init(column: [Element]) {
        self.elements = column
        self.mask = -1
    }

    init(constant: Element) {
        self.elements = [constant]
        self.mask = 0
    }

    var isConstant: Bool { mask == 0 }

    @inline(__always) subscript(row: Int) -> Element { elements[row & mask] }
}

/// Byte strings read by row, whether they lie end to end, behind dictionary codes or are one constant.
struct Texts: Sendable {
    let values: ByteStrings
    private let codes: [UInt32]
    private let isDictionary: Bool
    private let mask: Int

    init(_ values: ByteStrings) {
        self.values = values
        self.codes = []
        self.isDictionary = false
        self.mask = -1
    }

    init(codes: [UInt32], values: ByteStrings) {
        self.values = values
        self.codes = codes
        self.isDictionary = true
        self.mask = -1
    }

    init(constant: [UInt8]) {
        self.values = ByteStrings(offsets: [0, UInt32(constant.count)], bytes: constant)
        self.codes = []
        self.isDictionary = false
        self.mask = 0
    }

    var isConstant: Bool { mask == 0 }
    var isPlain: Bool { mask != 0 && !isDictionary }

    @inline(__always) func range(_ row: Int) -> Range<Int> {
        let index = row & mask
        return values.range(isDictionary ? Int(codes[index]) : index)
    }

    @_lifetime(borrow self)
    @inline(__always) func text(_ row: Int) -> Span<UInt8> { values.bytes.span.extracting(range(row)) }

    /// A copy of one row's text, for messages and rare paths.
    func array(_ row: Int) -> [UInt8] { Array(values.bytes[range(row)]) }
}

extension Operand {
    /// - Precondition: the binder gave an operand of this kind; anything else is its fault and stops here.
    func int64s() -> Values<Int64> {
        switch self {
        case .constant(.int64(let value)): return Values(constant: value)
        case .constant: return Values(constant: 0)
        case .column(let column):
            guard case .int64(let values) = column.storage else { preconditionFailure("not a column of integers") }
            return Values(column: values)
        }
    }

    func float64s() -> Values<Double> {
        switch self {
        case .constant(.float64(let value)): return Values(constant: value)
        case .constant(.int64(let value)): return Values(constant: Double(value))
        case .constant: return Values(constant: 0)
        case .column(let column):
            guard case .float64(let values) = column.storage else { preconditionFailure("not a column of doubles") }
            return Values(column: values)
        }
    }

    func decimals() -> Values<Int128> {
        switch self {
        case .constant(.decimal(let value)): return Values(constant: value)
        case .constant: return Values(constant: 0)
        case .column(let column):
            guard case .decimal(let values) = column.storage else { preconditionFailure("not a column of decimals") }
            return Values(column: values)
        }
    }

    func addresses() -> Values<IPAddress> {
        switch self {
        case .constant(.ip(let value)): return Values(constant: value)
        case .constant: return Values(constant: IPAddress(high: 0, low: 0))
        case .column(let column):
            guard case .ip(let values) = column.storage else { preconditionFailure("not a column of addresses") }
            return Values(column: values)
        }
    }

    func texts() -> Texts {
        switch self {
        case .constant(.bytes(let value)): return Texts(constant: value)
        case .constant: return Texts(constant: [])
        case .column(let column):
            switch column.storage {
            case .byteStrings(let values): return Texts(values)
            case .dictionary(let codes, let values): return Texts(codes: codes, values: values)
            default: preconditionFailure("not a column of text")
            }
        }
    }

    /// The bits of a boolean operand over `count` rows, nulls not cleared.
    func bits(_ count: Int) -> Bitmap {
        switch self {
        case .constant(.bool(let value)): return Bitmap(repeating: value, count: count)
        case .constant: return Bitmap(repeating: false, count: count)
        case .column(let column):
            guard case .bool(let values) = column.storage else { preconditionFailure("not a column of booleans") }
            return values
        }
    }

    /// Which rows have a value; nil for all.
    func validity(_ count: Int) -> Bitmap? {
        switch self {
        case .constant(.null): Bitmap(repeating: false, count: count)
        case .constant: nil
        case .column(let column): column.validity
        }
    }
}

extension Bitmap {
    /// The rows in both; nil means all.
    static func both(_ left: Bitmap?, _ right: Bitmap?) -> Bitmap? {
        guard let left else { return right }
        guard let right else { return left }
        return left.combined(with: right) { $0 & $1 }
    }

    /// - Precondition: both have the same count.
    @inline(__always)
    func combined(with other: Bitmap, _ operation: (UInt64, UInt64) -> UInt64) -> Bitmap {
        precondition(count == other.count, "bitmaps differ in length")
        var result = words
        let right = other.words
        for index in result.indices { result[index] = operation(result[index], right[index]) }
        return Bitmap(words: result, count: count)
    }

    var inverted: Bitmap {
        var result = words
        for index in result.indices { result[index] = ~result[index] }
        return Bitmap(words: result, count: count)
    }

    /// Fills 64 bits at a time; no per-bit store.
    @inline(__always)
    init(count: Int, _ bit: (Int) -> Bool) {
        var words = [UInt64](repeating: 0, count: (count + 63) / 64)
        let whole = count / 64
        for index in 0..<whole {
            let base = index &* 64
            var word: UInt64 = 0
            for offset in 0..<64 { word |= (bit(base &+ offset) ? 1 : 0) &<< UInt64(offset) }
            words[index] = word
        }
        if whole < words.count {
            let base = whole &* 64
            var word: UInt64 = 0
            for offset in 0..<(count - base) { word |= (bit(base &+ offset) ? 1 : 0) &<< UInt64(offset) }
            words[whole] = word
        }
        self.init(words: words, count: count)
    }

    /// The set bits' indices in order.
    func indices() -> [UInt32] {
        let total = setCount
        return [UInt32](capacity: total) { output in
            for (index, start) in words.enumerated() {
                var word = start
                let base = UInt32(truncatingIfNeeded: index &* 64)
                while word != 0 {
                    output.append(base &+ UInt32(truncatingIfNeeded: word.trailingZeroBitCount))
                    word &= word &- 1
                }
            }
        }
    }
}
