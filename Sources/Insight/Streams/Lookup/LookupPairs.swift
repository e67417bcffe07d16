import Columns
import SQL

/// Puts rows of a stream and of a table together, in the order of the stream.
struct LookupPairs {
    /// Pairs that are put together at a time, where one row alone doesn't have more.
    static let atOnce = Batch.usualRowCount

    private let keepsLeft: Bool
    private let residual: RowExpression?
    private let schema: Schema
    private let context: EvaluationContext
    private let deadLetters: DeadLetters?

    /// - Parameter deadLetters: where pairs go that the condition fails on; `nil` where the query fails then.
    init(
        _ join: JoinSpecification, schema: Schema, context: EvaluationContext, deadLetters: DeadLetters?
    ) throws(SQLError) {
        self.deadLetters = deadLetters
        keepsLeft = join.kind.keepsLeft
        var residual: RowExpression?
        if let condition = join.residual { residual = try RowExpression(condition) }
        self.residual = residual
        self.schema = schema
        self.context = context
    }

    /// - Parameters:
    ///   - range: the rows of `left` that are looked at.
    ///   - partners: the left row of each row of `right`, ascending.
    /// - Returns: `nil` where nothing comes of it.
    func join(_ left: Batch, _ range: Range<Int>, partners: [UInt32], _ right: Batch) throws(SQLError) -> Batch? {
        var pairs = Batch(
            schema: schema, rowCount: partners.count, columns: left.select(rows: partners).columns + right.columns)
        var kept: [UInt32]?
        if let residual, pairs.rowCount > 0 {
            kept = try DeadLetters.select(deadLetters, pairs, by: residual, step: "ON of LOOKUP JOIN", context)
        }
        guard keepsLeft else {
            if let kept { pairs = pairs.select(rows: kept) }
            return pairs.rowCount == 0 ? nil : pairs
        }
        // In place of the partner of those that have none stands a row of nulls behind the others.
        var rows: (left: [UInt32], right: [UInt32]) = ([], [])
        let pairCount = kept?.count ?? partners.count
        var next = 0
        for row in range {
            var isAlone = true
            while next < pairCount, Int(partners[kept.map { Int($0[next]) } ?? next]) == row {
                rows.left.append(UInt32(row))
                rows.right.append(kept?[next] ?? UInt32(next))
                next += 1
                isAlone = false
            }
            if isAlone {
                rows.left.append(UInt32(row))
                rows.right.append(UInt32(right.rowCount))
            }
        }
        let filled = right.columns.map { column in
            Column.concatenate([column, .nulls(column.type, count: 1)], type: column.type).select(rows: rows.right)
        }
        return Batch(
            schema: schema, rowCount: rows.left.count, columns: left.select(rows: rows.left).columns + filled)
    }
}
