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

    /// Rows of one batch that can be compared.
    struct Comparison {
        fileprivate let columns: [SortColumn]

        /// Less than 0, 0 or more than 0.
        func compare(_ left: Int, _ right: Int) -> Int {
            for column in columns {
                let order = column.compare(left, right)
                if order != 0 { return order }
            }
            return 0
        }

        /// Equal rows by their numbers.
        func sort(_ rows: inout [UInt32]) {
            rows.sort { left, right in
                let order = compare(Int(left), Int(right))
                return order != 0 ? order < 0 : left < right
            }
        }
    }

    func comparison(of batch: Batch) throws(SQLError) -> Comparison {
        var columns: [SortColumn] = []
        for key in keys {
            let column = try key.expression.evaluate(batch, context)
            columns.append(SortColumn(column, isDescending: key.isDescending, nullsFirst: key.nullsFirst))
        }
        return Comparison(columns: columns)
    }

    /// The batch's rows in order, or the first `limit` of them.
    func rows(of batch: Batch, limit: Int?) throws(SQLError) -> [UInt32] {
        let comparison = try comparison(of: batch)
        var rows: [UInt32]
        if comparison.columns.count == 1, case .ranks(let ranks) = comparison.columns[0].keys {
            rows = Self.sorted(ranks)
        } else {
            rows = [UInt32](capacity: batch.rowCount) { out in
                for row in 0..<batch.rowCount { out.append(UInt32(row)) }
            }
            comparison.sort(&rows)
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
