import Bytes

/// Gathers the values of one column row by row. `finish()` hands the column out and leaves the builder empty, with
/// room for as many rows again.
///
/// Strings are looked up in a dictionary while they come; a column with few distinct values leaves as
/// dictionary-encoded, one with many falls back to plain bytes by itself.
public struct ColumnBuilder: Sendable {
    public let type: FieldType
    /// Rows appended since the last `finish()`.
    public private(set) var count = 0
    var capacity: Int

    var integers: [Int64] = []
    var doubles: [Double] = []
    var bits = Bitmap()
    var strings: StringColumnBuilder
    var addresses: [IPAddress] = []
    private var validity: [UInt64] = []
    private var nullCount = 0

    /// - Parameter capacity: rows to make room for at first; more may come.
    public init(type: FieldType, capacity: Int) {
        self.type = type
        self.capacity = max(capacity, 1)
        self.strings = StringColumnBuilder()
        reserve()
    }

    public mutating func appendNull() {
        switch type {
        case .int64, .timestamp: integers.append(0)
        case .string, .bytes, .json: strings.appendNull()
        case .float64: doubles.append(0)
        case .bool: bits.append(false)
        case .ip: addresses.append(IPAddress(high: 0, low: 0))
        }
        // The words are made at the first null; a column without nulls carries none.
        if nullCount == 0 { startValidity() }
        nullCount += 1
        if count & 63 == 0 { validity.append(0) }
        count += 1
    }

    /// For `int64` columns, and `timestamp` ones in microseconds.
    public mutating func append(int64 value: Int64) {
        precondition(type == .int64 || type == .timestamp, "an integer into a \(type) column")
        integers.append(value)
        noteValue()
    }

    public mutating func append(float64 value: Double) {
        precondition(type == .float64, "a double into a \(type) column")
        doubles.append(value)
        noteValue()
    }

    public mutating func append(bool value: Bool) {
        precondition(type == .bool, "a bool into a \(type) column")
        bits.append(value)
        noteValue()
    }

    public mutating func append(ip value: IPAddress) {
        precondition(type == .ip, "an address into a \(type) column")
        addresses.append(value)
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

    private mutating func append(buffer: UnsafeBufferPointer<UInt8>) {
        precondition(type == .string || type == .bytes || type == .json, "bytes into a \(type) column")
        strings.append(buffer)
        noteValue()
    }

    /// Row `row` of `column`, which has this builder's type.
    public mutating func append(_ column: Column, row: Int) {
        precondition(column.type == type, "a \(column.type) value into a \(type) column")
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
        }
    }

    /// Takes the last row back.
    mutating func removeLast() {
        precondition(count > 0, "no row to take back")
        count -= 1
        switch type {
        case .int64, .timestamp: integers.removeLast()
        case .float64: doubles.removeLast()
        case .bool: bits.removeLast()
        case .ip: addresses.removeLast()
        case .string, .bytes, .json: strings.removeLast()
        }
        if nullCount == 0 { return }
        if validity[count >> 6] & (1 << UInt64(count & 63)) == 0 { nullCount -= 1 }
        validity[count >> 6] &= ~(1 << UInt64(count & 63))
        if count & 63 == 0 { validity.removeLast() }
    }

    /// The column of what was appended; the builder is empty afterwards.
    public mutating func finish() -> Column {
        let rows = count
        let bitmap = nullCount > 0 ? Bitmap(words: validity, count: rows) : nil
        let storage: Column.Storage
        switch type {
        case .int64, .timestamp: storage = .int64(integers)
        case .float64: storage = .float64(doubles)
        case .bool: storage = .bool(bits)
        case .ip: storage = .ip(addresses)
        case .string, .bytes, .json: storage = strings.finish(rows: rows)
        }
        integers = []
        doubles = []
        bits = Bitmap()
        addresses = []
        validity.removeAll(keepingCapacity: true)
        nullCount = 0
        count = 0
        capacity = max(capacity, rows)
        reserve()
        return Column(type: type, count: rows, validity: bitmap, storage: storage)
    }

    private mutating func reserve() {
        switch type {
        case .int64, .timestamp: integers.reserveCapacity(capacity)
        case .float64: doubles.reserveCapacity(capacity)
        case .ip: addresses.reserveCapacity(capacity)
        case .string, .bytes, .json: strings.reserve(rows: capacity)
        case .bool: break
        }
    }

    private mutating func noteValue() {
        if nullCount > 0 {
            if count & 63 == 0 { validity.append(0) }
            validity[count >> 6] |= 1 << UInt64(count & 63)
        }
        count += 1
    }

    private mutating func startValidity() {
        validity.removeAll(keepingCapacity: true)
        validity.reserveCapacity((capacity + 63) / 64)
        for _ in 0..<(count / 64) { validity.append(.max) }
        let rest = count & 63
        if rest > 0 { validity.append((1 << UInt64(rest)) - 1) }
    }
}
