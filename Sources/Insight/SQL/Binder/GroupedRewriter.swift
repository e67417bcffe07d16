/// Turns expressions over an aggregation's input (and its aggregates, see `ExpressionBinder`) into expressions over
/// its output: the keys, then the aggregates.
struct GroupedRewriter {
    let keys: [BoundExpression]
    /// Columns of the input; aggregate `n` is column `inputCount + n`.
    let inputCount: Int
    private let keyIndex: [BoundExpression: Int]

    init(keys: [BoundExpression], inputCount: Int) {
        self.keys = keys
        self.inputCount = inputCount
        keyIndex = Dictionary(keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Returns: `nil` for the expression and the column at fault where a column of the input is neither inside of
    ///   an aggregate nor of a key.
    func rewrite(_ expression: BoundExpression) -> Result<BoundExpression, UngroupedColumn> {
        do {
            return .success(try rewritten(expression))
        } catch {
            return .failure(error)
        }
    }

    struct UngroupedColumn: Error {
        var index: Int
    }

    private func rewritten(_ expression: BoundExpression) throws(UngroupedColumn) -> BoundExpression {
        if let key = keyIndex[expression] { return .column(index: key, type: expression.type) }
        switch expression {
        case .column(let index, let type):
            if index >= OverItem.firstColumn { return expression }
            guard index >= inputCount else { throw UngroupedColumn(index: index) }
            return .column(index: keys.count + index - inputCount, type: type)
        default:
            return try expression.mapChildren { child throws(UngroupedColumn) in try rewritten(child) }
        }
    }
}
