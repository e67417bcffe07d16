extension LogicalPlan {
    /// The rows whose first column, a text, is like the pattern of a SHOW.
    public func filtered(by pattern: ShowStatement.Pattern) -> LogicalPlan {
        func cased(_ expression: BoundExpression) -> BoundExpression {
            pattern.ignoresCase ? .call(.lower, [expression], type: .varchar) : expression
        }
        let text = BoundExpression.literal(.bytes(Array(pattern.text.utf8)), type: .varchar)
        var test = BoundExpression.call(
            .like, [cased(.column(index: 0, type: .varchar)), cased(text)], type: .boolean)
        if pattern.isNegated { test = .call(.not, [test], type: .boolean) }
        return .filter(input: self, predicate: test)
    }
}
