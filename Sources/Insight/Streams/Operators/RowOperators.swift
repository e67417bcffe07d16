import Columns
import SQL

/// `WHERE`.
struct Filter: StreamOperator {
    private let predicate: RowExpression
    private let context: EvaluationContext

    init(predicate: BoundExpression, context: EvaluationContext) throws(SQLError) {
        self.predicate = try RowExpression(predicate)
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        guard let rows = try predicate.select(batch, context) else {
            output.append(batch)
            return
        }
        if !rows.isEmpty { output.append(batch.select(rows: rows)) }
    }
}

/// The expressions of a `SELECT` list.
struct Project: StreamOperator {
    private let expressions: [RowExpression]
    private let schema: Schema
    private let context: EvaluationContext

    init(expressions: [BoundExpression], schema: Schema, context: EvaluationContext) throws(SQLError) {
        var compiled: [RowExpression] = []
        for expression in expressions { compiled.append(try RowExpression(expression)) }
        self.expressions = compiled
        self.schema = schema
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var columns: [Column] = []
        columns.reserveCapacity(expressions.count)
        for expression in expressions { columns.append(try expression.evaluate(batch, context)) }
        output.append(Batch(schema: schema, rowCount: batch.rowCount, columns: columns))
    }
}

/// `LIMIT … OFFSET …`.
struct Limit: StreamOperator {
    private var toSkip: Int
    /// Rows still to pass; `nil` without a limit.
    private var toPass: Int?

    init(count: Int?, offset: Int) {
        self.toPass = count
        self.toSkip = offset
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let skipped = min(toSkip, batch.rowCount)
        toSkip -= skipped
        let end = min(batch.rowCount, toPass.map { skipped + min($0, batch.rowCount - skipped) } ?? batch.rowCount)
        if toPass != nil { toPass = (toPass ?? 0) - (end - skipped) }
        if end > skipped { output.append(batch.slice(skipped..<end)) }
    }

    var isSatisfied: Bool { toPass == 0 }
}

/// `SELECT DISTINCT`: a row passes when it comes for the first time.
struct Distinct: ~Copyable, StreamOperator {
    private var table: GroupTable
    private var isSeen: [Bool] = []

    init(schema: Schema) { self.table = GroupTable(types: schema.fields.map(\.type)) }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let groups = table.groups(of: batch.columns, rowCount: batch.rowCount)
        isSeen.grow(to: table.count, filling: false)
        var rows: [UInt32] = []
        for (row, group) in groups.enumerated() where !isSeen[Int(group)] {
            isSeen[Int(group)] = true
            rows.append(UInt32(row))
        }
        if rows.count == batch.rowCount {
            output.append(batch)
        } else if !rows.isEmpty {
            output.append(batch.select(rows: rows))
        }
    }

    var stateBytes: Int { table.byteCount + isSeen.capacity }
}

/// Gives columns new names by position.
struct Rename: StreamOperator {
    private let schema: Schema

    init(schema: Schema) { self.schema = schema }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        output.append(Batch(schema: schema, rowCount: batch.rowCount, columns: batch.columns))
    }
}
