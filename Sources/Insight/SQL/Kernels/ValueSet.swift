import Bytes
import Columns

/// The literals of an `IN` list, ready to be looked up.
struct ValueSet: Sendable {
    private enum Storage: Sendable {
        /// At most eight: compared one by one.
        case few([Int64])
        case int64s(Set<Int64>)
        case float64s([Double])
        case bools(Set<Bool>)
        case ips(Set<IPAddress>)
        case decimals(Set<Int128>)
        case texts(TextSet)
    }

    private let storage: Storage
    /// `x IN (1, NULL)` is unknown where it isn't true.
    private let hasNull: Bool

    init(_ values: [Value], type: FieldType) {
        self.hasNull = values.contains(.null)
        switch type {
        case .int64, .timestamp:
            let numbers: [Int64] = values.compactMap { if case .int64(let value) = $0 { value } else { nil } }
            self.storage = numbers.count <= 8 ? .few(numbers) : .int64s(Set(numbers))
        case .float64:
            self.storage = .float64s(
                values.compactMap {
                    switch $0 {
                    case .float64(let value): value
                    case .int64(let value): Double(value)
                    default: nil
                    }
                })
        case .bool:
            self.storage = .bools(Set(values.compactMap { if case .bool(let value) = $0 { value } else { nil } }))
        case .ip: self.storage = .ips(Set(values.compactMap { if case .ip(let value) = $0 { value } else { nil } }))
        case .decimal:
            self.storage = .decimals(
                Set(values.compactMap { if case .decimal(let value) = $0 { value } else { nil } }))
        case .string, .bytes, .json:
            self.storage = .texts(TextSet(values.compactMap { if case .bytes(let value) = $0 { value } else { nil } }))
        }
    }

    func test(_ operand: Operand, _ count: Int, isNegated: Bool) -> Column {
        let found = contains(operand, count)
        var validity = operand.validity(count)
        if hasNull { validity = Bitmap.both(validity, found) }
        return .bools(isNegated ? found.inverted : found, validity)
    }

    private func contains(_ operand: Operand, _ count: Int) -> Bitmap {
        switch storage {
        case .few(let list): return few(list, operand.int64s(), count)
        case .int64s(let set):
            let values = operand.int64s()
            return Bitmap(count: count) { set.contains(values[$0]) }
        case .float64s(let list):
            let values = operand.float64s()
            return Bitmap(count: count) { list.contains(values[$0]) }
        case .bools(let set):
            let bits = operand.bits(count)
            return Bitmap(count: count) { set.contains(bits[$0]) }
        case .ips(let set):
            let values = operand.addresses()
            return Bitmap(count: count) { set.contains(values[$0]) }
        case .decimals(let set):
            let values = operand.decimals()
            return Bitmap(count: count) { set.contains(values[$0]) }
        case .texts(let set):
            let texts = operand.texts()
            return Bitmap(count: count) { set.contains(texts.text($0)) }
        }
    }

    private func few(_ list: [Int64], _ values: Values<Int64>, _ count: Int) -> Bitmap {
        guard let first = list.first else { return Bitmap(repeating: false, count: count) }
        var result = Loop.test(values, Values(constant: first), count) { $0 == $1 }
        for other in list.dropFirst() {
            let next = Loop.test(values, Values(constant: other), count) { $0 == $1 }
            result = result.combined(with: next) { $0 | $1 }
        }
        return result
    }
}

/// A set of byte strings with open addressing, fixed once built.
struct TextSet: Sendable {
    private var values = ByteStrings()
    /// Index into `values` plus 1; 0 is empty. The size is a power of two, at least twice the values.
    private var slots: [UInt32]
    private let seed = ByteHash.processSeed

    init(_ texts: [[UInt8]]) {
        var size = 8
        while size < texts.count * 2 { size *= 2 }
        self.slots = Array(repeating: 0, count: size)
        for text in texts {
            var slot = Int(truncatingIfNeeded: ByteHash.hash(text.span, seed: seed)) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            values.append(text)
            slots[slot] = UInt32(values.count)
        }
    }

    func contains(_ text: Span<UInt8>) -> Bool {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: ByteHash.hash(text, seed: seed)) & mask
        while slots[slot] != 0 {
            let range = values.range(Int(slots[slot]) - 1)
            if ByteOrder.areEqual(text, values.bytes.span.extracting(range)) { return true }
            slot = (slot + 1) & mask
        }
        return false
    }
}
