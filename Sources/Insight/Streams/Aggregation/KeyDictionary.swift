import Bytes
import Columns

/// Gives each distinct value of a key column a dense number, from 1 in order of appearance; 0 is `NULL`.
struct KeyDictionary: ~Copyable {
    private let type: FieldType
    /// Integers, timestamps, numbers and booleans by their bits.
    private var integers = IntegerTable(capacity: 16)
    /// Text and bytes; addresses and decimals as 16 bytes.
    private var strings = ByteTable(capacity: 16)
    /// Numbers of small integers by value, 0 for those not seen. Made at the first batch of more than a few rows.
    private var direct: [UInt32] = []

    private static let directLimit: UInt64 = 1_024

    init(type: FieldType) { self.type = type }

    /// One more than the largest number given.
    var count: Int {
        switch type {
        case .bool, .int64, .timestamp, .float64: integers.count + 1
        case .string, .bytes, .json, .ip, .decimal: strings.count + 1
        }
    }

    var byteCount: Int { integers.memoryBytes + strings.memoryBytes + direct.capacity * 4 }

    /// Makes room for so many values more.
    mutating func reserve(_ count: Int) {
        switch type {
        case .bool: break
        case .int64, .timestamp, .float64: integers.reserve(integers.count + count)
        case .string, .bytes, .json, .ip, .decimal: strings.reserve(strings.count + count)
        }
    }

    /// The number of each row's value.
    mutating func numbers(of column: Column) -> [UInt32] {
        switch column.storage {
        case .int64(let values):
            return assign(values, column.validity) { UInt64(bitPattern: $0) }
        case .float64(let values):
            return assign(values, column.validity) { $0.keyBits }
        case .bool(let bits):
            return assign(
                [UInt64](capacity: bits.count) { out in
                    for index in 0..<bits.count { out.append(bits[index] ? 1 : 0) }
                }, column.validity
            ) { $0 }
        case .ip(let values):
            return assign(Self.bytes(of: values), column.validity)
        case .decimal(let values):
            return assign(Self.bytes(of: values.map(\.halves)), column.validity)
        case .byteStrings(let values):
            return assign(values, column.validity)
        case .dictionary(let codes, let values):
            return assign(codes, values, column.validity)
        }
    }

    /// The values of the numbers 0 to `count`, as a column: `NULL` first.
    func column() -> Column { column(of: 0..<UInt32(count)) }

    /// The values of the numbers named, as a column; `NULL` for 0.
    func column(of numbers: some Collection<UInt32>) -> Column {
        var validity: Bitmap?
        if numbers.contains(0) {
            var bits = Bitmap(repeating: true, count: numbers.count)
            for (row, number) in numbers.enumerated() where number == 0 { bits[row] = false }
            validity = bits
        }
        return Column(type: type, count: numbers.count, validity: validity, storage: storage(of: numbers))
    }

    /// Whether the value of one number comes before that of another; of two that are not `NULL`.
    func isLess(_ left: UInt32, _ right: UInt32) -> Bool {
        switch type {
        case .int64, .timestamp:
            return Int64(bitPattern: integers.key(Int(left) - 1)) < Int64(bitPattern: integers.key(Int(right) - 1))
        case .float64:
            return Double(bitPattern: integers.key(Int(left) - 1)) < Double(bitPattern: integers.key(Int(right) - 1))
        case .bool: return integers.key(Int(left) - 1) < integers.key(Int(right) - 1)
        case .decimal:
            return Int128(halves: Self.address(strings.key(Int(left) - 1)))
                < Int128(halves: Self.address(strings.key(Int(right) - 1)))
        case .ip: return Self.address(strings.key(Int(left) - 1)) < Self.address(strings.key(Int(right) - 1))
        case .string, .bytes, .json:
            let (a, b) = (strings.key(Int(left) - 1), strings.key(Int(right) - 1))
            for index in 0..<min(a.count, b.count) where a[index] != b[index] { return a[index] < b[index] }
            return a.count < b.count
        }
    }

    private func storage(of numbers: some Collection<UInt32>) -> Column.Storage {
        switch type {
        case .int64, .timestamp: return .int64(values(numbers) { Int64(bitPattern: $0) })
        case .float64: return .float64(values(numbers) { Double(bitPattern: $0) })
        case .bool:
            var bits = Bitmap(repeating: false, count: numbers.count)
            for (row, number) in numbers.enumerated() where number > 0 {
                if integers.key(Int(number) - 1) != 0 { bits[row] = true }
            }
            return .bool(bits)
        case .ip:
            return .ip(
                [IPAddress](capacity: numbers.count) { out in
                    for number in numbers {
                        let none = IPAddress(high: 0, low: 0)
                        out.append(number == 0 ? none : Self.address(strings.key(Int(number) - 1)))
                    }
                })
        case .decimal:
            return .decimal(
                [Int128](capacity: numbers.count) { out in
                    for number in numbers {
                        out.append(number == 0 ? 0 : Int128(halves: Self.address(strings.key(Int(number) - 1))))
                    }
                })
        case .string, .bytes, .json:
            var values = ByteStrings()
            values.offsets.reserveCapacity(numbers.count + 1)
            for number in numbers {
                if number > 0 { values.bytes.append(contentsOf: strings.key(Int(number) - 1)) }
                values.offsets.append(UInt32(values.bytes.count))
            }
            return .byteStrings(values)
        }
    }

    @inline(__always)
    private func values<Value>(_ numbers: some Collection<UInt32>, _ value: (UInt64) -> Value) -> [Value] {
        [Value](capacity: numbers.count) { out in
            for number in numbers { out.append(value(number == 0 ? 0 : integers.key(Int(number) - 1))) }
        }
    }

    @inline(__always)
    private mutating func assign<Value>(_ keys: [Value], _ validity: Bitmap?, _ bits: (Value) -> UInt64) -> [UInt32] {
        if direct.isEmpty, keys.count >= 256 { direct = Array(repeating: 0, count: Int(Self.directLimit)) }
        var direct = take(&direct)
        let limit = UInt64(direct.count)
        let keys = keys.span
        let numbers = [UInt32](capacity: keys.count) { out in
            var lastKey: UInt64 = 0
            var lastNumber: UInt32 = 0
            for row in keys.indices {
                if row & 31 == 0, integers.isLarge {
                    for next in row..<Swift.min(row + 32, keys.count) { integers.prefetch(bits(keys[next])) }
                }
                if let validity, !validity[row] {
                    out.append(0)
                    continue
                }
                let key = bits(keys[row])
                if key != lastKey || lastNumber == 0 {
                    lastKey = key
                    if key < limit {
                        lastNumber = direct[Int(truncatingIfNeeded: key)]
                        if lastNumber == 0 {
                            lastNumber = UInt32(truncatingIfNeeded: integers.insert(key) &+ 1)
                            direct[Int(truncatingIfNeeded: key)] = lastNumber
                        }
                    } else {
                        lastNumber = UInt32(truncatingIfNeeded: integers.insert(key) &+ 1)
                    }
                }
                out.append(lastNumber)
            }
        }
        self.direct = direct
        return numbers
    }

    private mutating func assign(_ values: ByteStrings, _ validity: Bitmap?) -> [UInt32] {
        let bytes = values.bytes.span
        let offsets = values.offsets.span
        return [UInt32](capacity: values.count) { out in
            for row in 0..<values.count {
                if let validity, !validity[row] {
                    out.append(0)
                } else {
                    let key = bytes.extracting(Int(offsets[row])..<Int(offsets[row &+ 1]))
                    out.append(UInt32(truncatingIfNeeded: strings.insert(key) &+ 1))
                }
            }
        }
    }

    /// Looks each code that occurs up once.
    private mutating func assign(_ codes: [UInt32], _ values: ByteStrings, _ validity: Bitmap?) -> [UInt32] {
        var byCode = [UInt32](repeating: 0, count: values.count)
        let bytes = values.bytes.span
        let codes = codes.span
        return [UInt32](capacity: codes.count) { out in
            for row in codes.indices {
                if let validity, !validity[row] {
                    out.append(0)
                    continue
                }
                let code = Int(codes[row])
                var found = byCode[code]
                if found == 0 {
                    found = UInt32(truncatingIfNeeded: strings.insert(bytes.extracting(values.range(code))) &+ 1)
                    byCode[code] = found
                }
                out.append(found)
            }
        }
    }

    private static func bytes(of addresses: [IPAddress]) -> ByteStrings {
        var strings = ByteStrings()
        strings.bytes.reserveCapacity(addresses.count * 16)
        strings.offsets.reserveCapacity(addresses.count + 1)
        for address in addresses {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                strings.bytes.append(UInt8(truncatingIfNeeded: address.high >> shift))
            }
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                strings.bytes.append(UInt8(truncatingIfNeeded: address.low >> shift))
            }
            strings.offsets.append(UInt32(strings.bytes.count))
        }
        return strings
    }

    private static func address(_ bytes: Span<UInt8>) -> IPAddress {
        var halves: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            halves.0 |= UInt64(bytes[index]) << UInt64(index * 8)
            halves.1 |= UInt64(bytes[index + 8]) << UInt64(index * 8)
        }
        return IPAddress(high: halves.0, low: halves.1)
    }
}

extension Int128 {
    /// The same 128 bits as an address has them.
    var halves: IPAddress {
        IPAddress(high: UInt64(truncatingIfNeeded: self >> 64), low: UInt64(truncatingIfNeeded: self))
    }

    init(halves: IPAddress) {
        self = Int128(Int64(bitPattern: halves.high)) << 64 | Int128(halves.low)
    }
}
