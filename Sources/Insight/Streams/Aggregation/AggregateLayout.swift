import Columns
import SQL

/// What an aggregation computes, compiled: shared by all the states of one aggregate node.
struct AggregateLayout {
    /// Where a key column of the output comes from.
    enum KeyOrigin {
        /// The group's key of this number.
        case group(Int)
        case windowStart
        case windowEnd
        case windowTime
    }

    struct Call {
        /// What is computed, over names: a changed query finds its state by it.
        let name: String
        let call: AggregateCall
        let argument: RowExpression?
        let filter: RowExpression?
    }

    /// The windows that rows are grouped by, if any.
    struct Windows {
        /// The input's column that tells a row's window or pane, and what to add to it to have its start.
        let column: Int
        let columnShift: Int64
        let slideMicroseconds: Int64
        let sizeMicroseconds: Int64
        /// Rows come once, with the start of their *pane*, which is as long as the slide; windows that overlap are put
        /// together from panes, so that a row is counted once. Otherwise rows come with the start of a window.
        let isPaned: Bool

        var panesPerWindow: Int { isPaned ? Int(sizeMicroseconds / slideMicroseconds) : 1 }

        func starts(_ batch: Batch) -> Column {
            let column = batch.columns[column]
            guard columnShift != 0, let values = column.int64s else { return column }
            return Column(
                type: .timestamp, count: column.count, validity: column.validity,
                storage: .int64(values.map { $0 &+ columnShift }))
        }
    }

    let keys: [RowExpression]
    /// What the keys are, over names.
    let keyNames: [String]
    let keyTypes: [FieldType]
    let keyOrigins: [KeyOrigin]
    /// The keys of the groups that are there even without a row, in columns of one row.
    let totals: [[Column]]
    let calls: [Call]
    let windows: Windows?
    let schema: Schema
    let context: EvaluationContext
    /// Rows may be taken back.
    var takesBack = false

    /// Whether the result depends on the order in which rows come, so that workers can't share them.
    var isOrdered: Bool { calls.contains { $0.call.function.isOrdered } }

    /// The values of some keys of the output in rows of saved groups, which begin with the groups' keys.
    func savedKeys(_ places: [Int], _ rows: Batch) -> [Column] {
        places.compactMap { place in
            if case .group(let key) = keyOrigins[place] { rows.columns[key] } else { nil }
        }
    }

    func makeAccumulators() throws(SQLError) -> [Accumulator] {
        var made: [Accumulator] = []
        for call in calls { made.append(try Accumulator.make(for: call.call, takesBack: takesBack)) }
        return made
    }
}

/// An expression over a batch's rows; a plain column costs nothing.
struct RowExpression {
    private let column: Int?
    private let compiled: CompiledExpression?

    /// - Parameter knowsWatermark: the context it is evaluated in tells how far event time has come.
    init(_ expression: BoundExpression, knowsWatermark: Bool = false) throws(SQLError) {
        if !knowsWatermark, expression.readsWatermark {
            throw SQLError(
                code: .unsupported, message: "CURRENT_WATERMARK stands in SELECT and in WHERE",
                suggestion: "compute it in a sub-query")
        }
        if case .column(let index, _) = expression {
            self.column = index
            self.compiled = nil
        } else {
            self.column = nil
            self.compiled = try CompiledExpression(expression)
        }
    }

    func evaluate(_ batch: Batch, _ context: EvaluationContext) throws(SQLError) -> Column {
        if let column { return batch.columns[column] }
        guard let compiled else { return .nulls(.int64, count: batch.rowCount) }
        return try compiled.evaluate(batch, context: context)
    }

    /// The rows where a condition is true; `nil` for all of them.
    func select(_ batch: Batch, _ context: EvaluationContext) throws(SQLError) -> [UInt32]? {
        let rows: [UInt32]
        if let compiled {
            rows = try compiled.select(batch, context: context)
        } else {
            rows = try evaluate(batch, context).trueRows
        }
        return rows.count == batch.rowCount ? nil : rows
    }
}

extension Column {
    /// Rows of a boolean column that are true.
    var trueRows: [UInt32] {
        guard case .bool(let bits) = storage else { return [] }
        var rows: [UInt32] = []
        for row in 0..<count where bits[row] && !isNull(row) { rows.append(UInt32(row)) }
        return rows
    }
}
