public import Columns

/// An expression ready to run over batches, column at a time. Immutable; one may serve many threads.
///
/// Rows that are not asked for are not computed: the right side of `AND` sees only the rows its left side let
/// through, a `CASE` branch only those that take it, so a division by zero there doesn't fail the query.
public struct CompiledExpression: Sendable {
    let node: Node

    /// Folds what is constant and prepares patterns, paths and formats.
    /// - Throws: a pattern, path, unit or format that is wrong; a cast that doesn't exist.
    public init(_ expression: BoundExpression) throws(SQLError) {
        self.node = try Node(expression)
    }

    public var type: SQLType { node.type }

    /// The value of an expression without columns; nil for any other.
    public var constant: Value? {
        if case .constant(let value) = node.kind { return value }
        return nil
    }

    /// One value a row of `batch`, or a row of the selection vector `rows` in its order.
    /// - Throws: a value that can't be computed: division of an integer by zero, a failed cast.
    public func evaluate(
        _ batch: Batch, rows: [UInt32]? = nil, context: EvaluationContext
    ) throws(SQLError) -> Column {
        let frame = Evaluator(batch: batch, rows: rows, context: context)
        return frame.column(try frame.evaluate(node), node.type)
    }

    /// The rows where a boolean expression is true, ascending. Out of `rows`, ascending too, where given.
    /// - Throws: as `evaluate`.
    public func select(
        _ batch: Batch, rows: [UInt32]? = nil, context: EvaluationContext
    ) throws(SQLError) -> [UInt32] {
        let frame = Evaluator(batch: batch, rows: rows, context: context)
        let selected = try frame.select(node).indices()
        guard let rows else { return selected }
        return selected.map { rows[Int($0)] }
    }
}
