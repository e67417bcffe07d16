/// A condition as the list of conditions that all must hold.
enum Conjunction {
    static func split(_ predicate: BoundExpression) -> [BoundExpression] {
        guard case .call(.and, let operands, _) = predicate else { return [predicate] }
        return operands.flatMap(split)
    }

    /// - Precondition: there is at least one.
    static func join(_ predicates: ArraySlice<BoundExpression>) -> BoundExpression {
        if predicates.count == 1 { return predicates[predicates.startIndex] }
        let middle = predicates.startIndex + predicates.count / 2
        return .call(.and, [join(predicates[..<middle]), join(predicates[middle...])], type: .boolean)
    }
}
