import Bytes
import Columns
import SQL

/// Puts the rows of a batch into the order of its `ORDER BY` keys. Equal rows keep the order they came in.
struct SortOrder {
    private struct Key {
        let expression: RowExpression
        let isDescending: Bool
        let nullsFirst: Bool
    }

    private let keys: [Key]
    private let context: EvaluationContext

    init(keys: [SortKey], context: EvaluationContext) throws(SQLError) {
        var compiled: [Key] = []
        for key in keys {
            compiled.append(
                Key(
                    expression: try RowExpression(key.expression), isDescending: key.isDescending,
                    nullsFirst: key.nullsFirst))
        }
        self.keys = compiled
        self.context = context
    }

    /// The batch's rows in order, or the first `limit` of them.
    func rows(of batch: Batch, limit: Int?) throws(SQLError) -> [UInt32] {
        var columns: [SortColumn] = []
        for key in keys {
            let column = try key.expression.evaluate(batch, context)
            columns.append(SortColumn(column, isDescending: key.isDescending, nullsFirst: key.nullsFirst))
        }
        var rows: [UInt32]
        if columns.count == 1, case .ranks(let ranks) = columns[0].keys {
            rows = Self.sorted(ranks)
        } else {
            rows = [UInt32](capacity: batch.rowCount) { out in
                for row in 0..<batch.rowCount { out.append(UInt32(row)) }
            }
            rows.sort { left, right in
                for column in columns {
                    let order = column.compare(Int(left), Int(right))
                    if order != 0 { return order < 0 }
                }
                return left < right
            }
        }
        if let limit, rows.count > limit { rows.removeLast(rows.count - limit) }
        return rows
    }

    /// One key of 64 bits: sort pairs of key and row, the nulls set aside.
    private static func sorted(_ ranks: [SortColumn.Rank]) -> [UInt32] {
        var first: [UInt32] = []
        var last: [UInt32] = []
        var pairs: [SortPair] = []
        pairs.reserveCapacity(ranks.count)
        for (row, rank) in ranks.enumerated() {
            if rank.nullOrder == 0 {
                pairs.append(SortPair(bits: rank.bits, row: UInt32(row)))
            } else if rank.nullOrder < 0 {
                first.append(UInt32(row))
            } else {
                last.append(UInt32(row))
            }
        }
        pairs.sort()
        return [UInt32](capacity: ranks.count) { out in
            for row in first { out.append(row) }
            for pair in pairs { out.append(pair.row) }
            for row in last { out.append(row) }
        }
    }
}

private struct SortPair: Comparable {
    let bits: UInt64
    let row: UInt32

    static func < (left: SortPair, right: SortPair) -> Bool {
        left.bits != right.bits ? left.bits < right.bits : left.row < right.row
    }
}

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
