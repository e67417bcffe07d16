/// A bound expression with what errors and limits need to know of it.
struct Bound {
    var expression: BoundExpression
    /// Nodes, where what is used twice counts twice.
    var size: Int
    /// Of the first token it was written with.
    var position: SourcePosition

    var type: SQLType { expression.type }
}
