import Bytes
import Columns

/// One key column of a sort, prepared so that a comparison is cheap.
struct SortColumn {
    /// A value's place in the order: nulls before or after, then 64 ascending bits.
    struct Rank: Comparable {
        let nullOrder: Int8
        let bits: UInt64

        static func < (left: Rank, right: Rank) -> Bool {
            left.nullOrder != right.nullOrder ? left.nullOrder < right.nullOrder : left.bits < right.bits
        }
    }

    enum Keys {
        case ranks([Rank])
        case addresses([IPAddress])
        case decimals([Int128])
        case strings(ByteStrings)
        case codes([UInt32], ByteStrings)
    }

    let keys: Keys
    private let validity: Bitmap?
    private let isDescending: Bool
    private let nullsFirst: Bool

    init(_ column: Column, isDescending: Bool, nullsFirst: Bool) {
        self.validity = column.validity
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
        func ranks(_ bits: (Int) -> UInt64) -> Keys {
            let flip: UInt64 = isDescending ? .max : 0
            return .ranks(
                [Rank](capacity: column.count) { out in
                    for row in 0..<column.count {
                        if column.isNull(row) {
                            out.append(Rank(nullOrder: nullsFirst ? -1 : 1, bits: 0))
                        } else {
                            out.append(Rank(nullOrder: 0, bits: bits(row) ^ flip))
                        }
                    }
                })
        }
        switch column.storage {
        case .int64(let values):
            self.keys = ranks { UInt64(bitPattern: values[$0]) ^ (1 << 63) }
        case .float64(let values):
            self.keys = ranks { row in
                let bits = values[row].keyBits
                return bits & (1 << 63) != 0 ? ~bits : bits | 1 << 63
            }
        case .bool(let bits): self.keys = ranks { bits[$0] ? 1 : 0 }
        case .ip(let values): self.keys = .addresses(values)
        case .decimal(let values): self.keys = .decimals(values)
        case .byteStrings(let values): self.keys = .strings(values)
        case .dictionary(let codes, let values): self.keys = .codes(codes, values)
        }
    }

    /// Less than 0, 0 or more than 0.
    func compare(_ left: Int, _ right: Int) -> Int {
        if case .ranks(let ranks) = keys {
            return ranks[left] < ranks[right] ? -1 : ranks[left] == ranks[right] ? 0 : 1
        }
        if let validity {
            let (leftNull, rightNull) = (!validity[left], !validity[right])
            if leftNull || rightNull {
                if leftNull && rightNull { return 0 }
                return leftNull == nullsFirst ? -1 : 1
            }
        }
        let order = compareValues(left, right)
        return isDescending ? -order : order
    }

    private func compareValues(_ left: Int, _ right: Int) -> Int {
        switch keys {
        case .ranks: return 0
        case .addresses(let values):
            return values[left] < values[right] ? -1 : values[left] == values[right] ? 0 : 1
        case .decimals(let values):
            return values[left] < values[right] ? -1 : values[left] == values[right] ? 0 : 1
        case .strings(let values): return Self.compare(values, left, right)
        case .codes(let codes, let values):
            if codes[left] == codes[right] { return 0 }
            return Self.compare(values, Int(codes[left]), Int(codes[right]))
        }
    }

    private static func compare(_ values: ByteStrings, _ left: Int, _ right: Int) -> Int {
        let bytes = values.bytes.span
        return bytes.extracting(values.range(left)).compare(bytes.extracting(values.range(right)))
    }
}
