/// Turns expressions over an aggregation's input (and its aggregates, see `ExpressionBinder`) into expressions over
/// its output: the keys, what tells grouping sets apart, then the aggregates.
struct GroupedRewriter {
    let keys: [BoundExpression]
    /// Columns of the input; aggregate `n` is column `inputCount + n`.
    let inputCount: Int
    let groupingSets: GroupingSets?
    private let keyIndex: [BoundExpression: Int]

    init(keys: [BoundExpression], inputCount: Int, groupingSets: GroupingSets?) {
        self.keys = keys
        self.inputCount = inputCount
        self.groupingSets = groupingSets
        keyIndex = Dictionary(keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Why an expression can't be computed out of groups.
    enum Failure: Error {
        /// A column of the input that is neither inside of an aggregate nor of a key.
        case ungrouped(Int)
        /// `GROUPING` of something that is no key.
        case notAKey
    }

    func rewrite(_ expression: BoundExpression) throws(Failure) -> BoundExpression {
        if let key = keyIndex[expression] { return .column(index: key, type: expression.type) }
        switch expression {
        case .column(let index, let type):
            if index >= OverItem.firstColumn { return expression }
            guard index >= inputCount else { throw .ungrouped(index) }
            return .column(index: firstAggregate + index - inputCount, type: type)
        case .call(.grouping, let arguments, _): return try grouping(arguments)
        case .call(.groupID, _, _): return groupingSets == nil ? .literal(.int64(0), type: .bigint) : id
        default:
            return try expression.mapChildren { child throws(Failure) in try rewrite(child) }
        }
    }

    private var firstAggregate: Int { keys.count + (groupingSets == nil ? 0 : 1) }

    private var id: BoundExpression { .column(index: keys.count, type: .bigint) }

    private func grouping(_ arguments: [BoundExpression]) throws(Failure) -> BoundExpression {
        var places: [Int] = []
        for argument in arguments {
            guard let key = keyIndex[argument] else { throw .notAKey }
            places.append(key)
        }
        return groupingSets?.grouping(of: places, id: id) ?? .literal(.int64(0), type: .bigint)
    }
}
