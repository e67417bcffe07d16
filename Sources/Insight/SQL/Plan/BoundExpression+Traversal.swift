extension BoundExpression {
    /// Whether it asks how far event time has come.
    public var readsWatermark: Bool {
        if case .call(.currentWatermark, _, _) = self { return true }
        var found = false
        _ = mapChildren { child in
            if child.readsWatermark { found = true }
            return child
        }
        return found
    }

    /// The same node over other children.
    func mapChildren<Failure: Error>(
        _ transform: (BoundExpression) throws(Failure) -> BoundExpression
    ) throws(Failure) -> BoundExpression {
        switch self {
        case .column, .literal: return self
        case .call(let function, let arguments, let type):
            var mapped: [BoundExpression] = []
            for argument in arguments { mapped.append(try transform(argument)) }
            return .call(function, mapped, type: type)
        case .cast(let operand, let type, let isTry): return .cast(try transform(operand), to: type, isTry: isTry)
        case .caseWhen(let branches, let otherwise, let type):
            var mapped: [CaseBranch] = []
            for branch in branches {
                mapped.append(
                    CaseBranch(condition: try transform(branch.condition), result: try transform(branch.result)))
            }
            return .caseWhen(mapped, otherwise: try transform(otherwise), type: type)
        case .inList(let operand, let values, let isNegated):
            return .inList(try transform(operand), values, isNegated: isNegated)
        case .anyElement(let list, let captures, let predicate):
            var mapped: [BoundExpression] = []
            for capture in captures { mapped.append(try transform(capture)) }
            return .anyElement(try transform(list), captures: mapped, predicate: predicate)
        }
    }

    /// Calls `visit` with the index of every column in it, as often as it stands there.
    public func forEachColumn(_ visit: (Int) -> Void) {
        switch self {
        case .column(let index, _): visit(index)
        case .literal: break
        case .call(_, let arguments, _): for argument in arguments { argument.forEachColumn(visit) }
        case .cast(let operand, _, _), .inList(let operand, _, _): operand.forEachColumn(visit)
        case .anyElement(let list, let captures, _):
            for part in [list] + captures { part.forEachColumn(visit) }
        case .caseWhen(let branches, let otherwise, _):
            for branch in branches {
                branch.condition.forEachColumn(visit)
                branch.result.forEachColumn(visit)
            }
            otherwise.forEachColumn(visit)
        }
    }

    /// Whether it has the same value for the same row, whenever and however often it is computed.
    public var isRepeatable: Bool {
        if case .call(let function, _, _) = self, !function.isFoldable { return false }
        var isRepeatable = true
        _ = mapChildren { child in
            if !child.isRepeatable { isRepeatable = false }
            return child
        }
        return isRepeatable
    }

    /// With each column `n` replaced by `columns[n]`.
    public func replacingColumns(_ columns: [BoundExpression]) -> BoundExpression {
        if case .column(let index, _) = self { return columns[index] }
        return mapChildren { $0.replacingColumns(columns) }
    }

    /// With the indices of the columns mapped.
    public func remappingColumns(_ map: (Int) -> Int) -> BoundExpression {
        if case .column(let index, let type) = self { return .column(index: map(index), type: type) }
        return mapChildren { $0.remappingColumns(map) }
    }
}
