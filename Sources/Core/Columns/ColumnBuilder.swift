import Bytes

/// Gathers the values of one column row by row. `finish()` hands the column out and leaves the builder empty, with
/// its memory kept.
///
/// Strings are looked up in a dictionary while they come; a column with few distinct values leaves as
/// dictionary-encoded, one with many falls back to plain bytes by itself.
public struct ColumnBuilder: ~Copyable, @unchecked Sendable {
    public let type: FieldType
    /// Rows appended since the last `finish()`.
    public private(set) var count = 0

    // Each type uses one of these; the others hold room for one value.
    private var integers: RowMemory<Int64>
    private var doubles: RowMemory<Double>
    private var bits: RowMemory<UInt64>
    private var addresses: RowMemory<IPAddress>
    private var decimals: RowMemory<Int128>
    private var strings: StringColumnBuilder
    private var validity: RowMemory<UInt64>
    private var nullCount = 0

    /// - Parameter capacity: rows to make room for at first; more may come.
    public init(type: FieldType, capacity: Int) {
        let rows = max(capacity, 1)
        self.type = type
        self.integers = RowMemory(capacity: type == .int64 || type == .timestamp ? rows : 1)
        self.doubles = RowMemory(capacity: type == .float64 ? rows : 1)
        self.bits = RowMemory(capacity: type == .bool ? (rows + 63) / 64 : 1)
        self.addresses = RowMemory(capacity: type == .ip ? rows : 1)
        self.decimals = RowMemory(capacity: type.decimalScale != nil ? rows : 1)
        self.strings = StringColumnBuilder(capacity: type.isByteStrings ? rows : 1)
        self.validity = RowMemory(capacity: (rows + 63) / 64)
    }

    public mutating func appendNull() {
        switch type {
        case .int64, .timestamp: write(int64: 0)
        case .string, .bytes, .json: strings.appendNull(row: count)
        case .float64: write(float64: 0)
        case .bool: write(bool: false)
        case .ip: write(ip: IPAddress(high: 0, low: 0))
        case .decimal: write(decimal: 0)
        }
        // The words are written from the first null on; a column without nulls carries none.
        if nullCount == 0 { startValidity() }
        nullCount += 1
        noteValidity(false)
        count += 1
    }

    /// For `int64` columns, and `timestamp` ones in microseconds.
    public mutating func append(int64 value: Int64) {
        precondition(type == .int64 || type == .timestamp, "an integer into a column of another type")
        write(int64: value)
        noteValue()
    }

    public mutating func append(float64 value: Double) {
        precondition(type == .float64, "a double into a column of another type")
        write(float64: value)
        noteValue()
    }

    public mutating func append(bool value: Bool) {
        precondition(type == .bool, "a bool into a column of another type")
        write(bool: value)
        noteValue()
    }

    public mutating func append(ip value: IPAddress) {
        precondition(type == .ip, "an address into a column of another type")
        write(ip: value)
        noteValue()
    }

    /// For `decimal` columns, in units of their scale.
    /// - Parameter value: less than 10^38 in magnitude.
    public mutating func append(decimal value: Int128) {
        precondition(type.decimalScale != nil, "a decimal into a column of another type")
        write(decimal: value)
        noteValue()
    }

    /// For `string`, `bytes` and `json` columns, like the other appends of bytes. Text must be UTF-8; readers put
    /// U+FFFD where it is not.
    public mutating func append(bytes value: Span<UInt8>) {
        value.withUnsafeBufferPointer { append(buffer: $0) }
    }

    public mutating func append(bytes value: some Collection<UInt8>) {
        let done: Void? = value.withContiguousStorageIfAvailable { append(buffer: $0) }
        if done == nil { [UInt8](value).withUnsafeBufferPointer { append(buffer: $0) } }
    }

    /// The bytes of `array` in `range`, without a slice that would retain it.
    public mutating func append(bytes array: [UInt8], in range: Range<Int>) {
        array.withUnsafeBufferPointer { append(buffer: UnsafeBufferPointer(rebasing: $0[range])) }
    }

    public mutating func append(string value: String) {
        var text = value
        text.withUTF8 { append(buffer: $0) }
    }

    /// A constant of the program: `builder.append(constant: "hit")`.
    public mutating func append(constant value: StaticString) {
        value.withUTF8Buffer { append(buffer: $0) }
    }

    mutating func append(buffer: UnsafeBufferPointer<UInt8>) {
        precondition(type.isByteStrings, "bytes into a column of another type")
        strings.append(buffer, row: count)
        noteValue()
    }

    /// The value of the last row, or its null, as many times more. For columns of bytes.
    public mutating func repeatLast(times: Int) {
        precondition(type.isByteStrings && count > 0 && times >= 0, "no bytes to repeat")
        strings.repeatLast(times: times, row: count)
        if nullCount > 0 {
            let isValid = validity[(count - 1) >> 6] & (1 << UInt64((count - 1) & 63)) != 0
            noteValidity(isValid, rows: count..<count + times)
            if !isValid { nullCount += times }
        }
        count += times
    }

    /// Row `row` of `column`, which has this builder's type.
    public mutating func append(_ column: Column, row: Int) {
        precondition(column.type == type, "a value of another type")
        if column.isNull(row) {
            appendNull()
            return
        }
        switch column.storage {
        case .bool(let values): append(bool: values[row])
        case .int64(let values): append(int64: values[row])
        case .float64(let values): append(float64: values[row])
        case .byteStrings(let values): append(bytes: values.bytes, in: values.range(row))
        case .dictionary(let codes, let values): append(bytes: values.bytes, in: values.range(Int(codes[row])))
        case .ip(let values): append(ip: values[row])
        case .decimal(let values): append(decimal: values[row])
        }
    }

    /// Takes the last row back.
    mutating func removeLast() {
        precondition(count > 0, "no row to take back")
        count -= 1
        if type.isByteStrings { strings.removeLast(row: count) }
        if nullCount > 0, validity[count >> 6] & (1 << UInt64(count & 63)) == 0 { nullCount -= 1 }
    }

    /// The column of what was appended; the builder is empty afterwards.
    public mutating func finish() -> Column {
        let rows = count
        let words = (rows + 63) / 64
        let bitmap = nullCount > 0 ? Bitmap(words: validity.array(words), count: rows) : nil
        let storage: Column.Storage
        switch type {
        case .int64, .timestamp: storage = .int64(integers.array(rows))
        case .float64: storage = .float64(doubles.array(rows))
        case .bool: storage = .bool(Bitmap(words: bits.array(words), count: rows))
        case .ip: storage = .ip(addresses.array(rows))
        case .decimal: storage = .decimal(decimals.array(rows))
        case .string, .bytes, .json: storage = strings.finish(rows: rows)
        }
        nullCount = 0
        count = 0
        return Column(type: type, count: rows, validity: bitmap, storage: storage)
    }

    private mutating func write(int64 value: Int64) {
        integers.reserve(count + 1, used: count)
        integers[count] = value
    }

    private mutating func write(float64 value: Double) {
        doubles.reserve(count + 1, used: count)
        doubles[count] = value
    }

    private mutating func write(ip value: IPAddress) {
        addresses.reserve(count + 1, used: count)
        addresses[count] = value
    }

    private mutating func write(decimal value: Int128) {
        decimals.reserve(count + 1, used: count)
        decimals[count] = value
    }

    private mutating func write(bool value: Bool) {
        let word = count >> 6
        bits.reserve(word + 1, used: word)
        if count & 63 == 0 { bits[word] = 0 }
        let bit: UInt64 = 1 << UInt64(count & 63)
        if value { bits[word] |= bit } else { bits[word] &= ~bit }
    }

    private mutating func noteValue() {
        if nullCount > 0 { noteValidity(true) }
        count += 1
    }

    private mutating func noteValidity(_ isValid: Bool) { noteValidity(isValid, rows: count..<count + 1) }

    private mutating func noteValidity(_ isValid: Bool, rows: Range<Int>) {
        var row = rows.lowerBound
        while row < rows.upperBound {
            let word = row >> 6
            let bit = row & 63
            let width = min(64 - bit, rows.upperBound - row)
            if bit == 0 {
                validity.reserve(word + 1, used: word)
                validity[word] = 0
            }
            let mask = (UInt64.max >> UInt64(64 - width)) << UInt64(bit)
            if isValid { validity[word] |= mask } else { validity[word] &= ~mask }
            row += width
        }
    }

    /// All rows so far had a value.
    private mutating func startValidity() {
        let words = count / 64 + 1
        validity.reserve(words, used: 0)
        validity.fill(.max, count: words)
    }
}
