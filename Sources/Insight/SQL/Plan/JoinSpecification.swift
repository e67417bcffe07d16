/// What makes two rows a pair.
public struct JoinSpecification: Hashable, Sendable {
    public var kind: JoinKind
    /// Equal in both rows, one by one and of one type; null equals nothing. Over the left's columns, and the right's.
    public var leftKeys: [BoundExpression]
    public var rightKeys: [BoundExpression]
    /// What must be true besides, over the columns of the left followed by those of the right.
    public var residual: BoundExpression?
    /// The right side is a table that is looked up when a row of the left comes.
    public var lookup: LookupSpecification?
    /// Of an anti join without a residual: the last key is the value of `NOT IN`. A null in it, on either side, may be equal
    /// to anything; the other keys are the columns that tie the sub-query to the row.
    public var isNullAware = false
    /// The right side is what a sub-query comes to, a row for each key: it counts until it is taken back, however long that
    /// is.
    public var holdsAnswers = false
    /// The right side is a sub-query's, not a table of FROM.
    public var readsSubquery = false

    /// Sorts conditions over both sides into keys and the rest.
    init(kind: JoinKind, conditions: [BoundExpression], leftCount: Int) {
        self.kind = kind
        self.leftKeys = []
        self.rightKeys = []
        add(conditions, leftCount: leftCount)
    }

    mutating func add(_ conditions: [BoundExpression], leftCount: Int) {
        var rest = residual.map { Conjunction.split($0) } ?? []
        for condition in conditions {
            guard case .call(.equal, let operands, _) = condition, operands.count == 2,
                operands[0].type.fieldType == operands[1].type.fieldType,
                let first = operands[0].side(leftCount), let second = operands[1].side(leftCount), first != second
            else {
                if !rest.contains(condition) { rest.append(condition) }
                continue
            }
            let (left, right) = first == .left ? (operands[0], operands[1]) : (operands[1], operands[0])
            leftKeys.append(left)
            rightKeys.append(right.remappingColumns { $0 - leftCount })
        }
        residual = rest.isEmpty ? nil : Conjunction.join(rest[...])
    }
}

/// A table as of the time at which a row is worked on.
public struct LookupSpecification: Hashable, Sendable {
    /// Columns of the right side that tell the table's rows apart; of several rows with one key the latest counts.
    public var primaryKey: [Int]
}

enum JoinSide {
    case left
    case right
}

extension BoundExpression {
    /// The side of a join whose columns alone are read; `nil` for both or none.
    func side(_ leftCount: Int) -> JoinSide? {
        var hasLeft = false
        var hasRight = false
        forEachColumn { if $0 < leftCount { hasLeft = true } else { hasRight = true } }
        guard hasLeft != hasRight else { return nil }
        return hasLeft ? .left : .right
    }
}
