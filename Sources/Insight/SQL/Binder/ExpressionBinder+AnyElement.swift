extension Expression {
    /// Whether it can be a comparison with each element of a list.
    var mayTestElements: Bool {
        switch self {
        case .binary, .like, .between, .inList, .distinctFrom, .call: true
        default: false
        }
    }

    /// Whether it stands for each element of a list: `e['a'][*]['b']`.
    var isEachElement: Bool {
        guard case .call(let call) = self, call.upperName == "JSON_ELEMENT", call.arguments.count == 2,
            case .literal(.text(let path), _) = call.arguments[1]
        else { return false }
        return path.contains("[*]")
    }
}

/// Comparisons with each element of a list: true where they are for one of them.
extension ExpressionBinder {
    private static let tests: Set<String> = ["REGEXP", "REGEXP_LIKE", "STARTSWITH", "ENDSWITH", "IP_IN_CIDR"]

    /// `nil` for what is no such comparison.
    @inline(never)
    mutating func anyElement(_ expression: Expression) throws(SQLError) -> Bound? {
        switch expression {
        case .binary(let binary, let left, let right, let position) where binary.isComparison:
            return try anyElement([left, right], at: position) { binder, operands throws(SQLError) in
                try binder.apply(binary.function, operands, at: position, shown: binary.rawValue)
            }
        case .like(let text, let pattern, let escape, let isNegated, let position):
            return try anyElement([text, pattern] + (escape.map { [$0] } ?? []), at: position) {
                binder, operands throws(SQLError) in
                binder.negated(try binder.apply(.like, operands, at: position, shown: "LIKE"), if: isNegated)
            }
        case .between(let value, let low, let high, let isSymmetric, let isNegated, let position):
            return try anyElement([value, low, high], at: position) { binder, operands throws(SQLError) in
                binder.negated(
                    try binder.bindBetween(operands, isSymmetric: isSymmetric, at: position), if: isNegated)
            }
        case .inList(let value, let items, let isNegated, let position):
            return try anyElement([value] + items, at: position) { binder, operands throws(SQLError) in
                try binder.bindIn(operands[0], Array(operands.dropFirst()), isNegated: isNegated, at: position)
            }
        case .distinctFrom(let left, let right, let isNegated, let position):
            return try anyElement([left, right], at: position) { binder, operands throws(SQLError) in
                binder.negated(
                    try binder.apply(.isDistinctFrom, operands, at: position, shown: "IS DISTINCT FROM"), if: isNegated)
            }
        case .call(let call) where Self.tests.contains(call.upperName) && call.over == nil:
            return try anyElement(call.arguments, at: call.position) { binder, operands throws(SQLError) in
                guard let resolution = FunctionSignatures.resolve(call.upperName, operands.map(\.type)) else {
                    throw binder.mismatch(call.upperName, operands, at: call.position)
                }
                return try binder.apply(resolution, operands, at: call.position)
            }
        default: return nil
        }
    }

    /// - Parameter test: makes the comparison out of the operands, of which one is the element.
    private mutating func anyElement(
        _ operands: [Expression], at position: SourcePosition,
        _ test: (ExpressionBinder, [Bound]) throws(SQLError) -> Bound
    ) throws(SQLError) -> Bound? {
        let places = operands.indices.filter { operands[$0].isEachElement }
        guard let place = places.first else { return nil }
        guard places.count == 1 else {
            throw SQLError(
                .unsupported, "a comparison has one [*], and this has two", at: operands[places[1]].position,
                suggestion: "CROSS JOIN UNNEST(…) gives the elements as rows")
        }
        let list = try bind(operands[place])
        guard case .array(let type) = list.type else { return nil }
        var sizes = [list]
        var captures: [BoundExpression] = []
        var locals: [Bound] = []
        for (index, operand) in operands.enumerated() {
            if index == place {
                let element = BoundExpression.column(index: 0, type: .json)
                locals.append(
                    try typed(Bound(expression: element, size: 1, position: operand.position), as: type))
                continue
            }
            let bound = try bind(operand)
            if case .literal = bound.expression {
                locals.append(bound)
                continue
            }
            captures.append(bound.expression)
            sizes.append(bound)
            locals.append(
                Bound(
                    expression: .column(index: captures.count, type: bound.type), size: 1, position: bound.position))
        }
        let predicate = try test(self, locals)
        return try make(
            .anyElement(list.expression, captures: captures, predicate: predicate.expression), of: sizes + [predicate],
            at: position)
    }
}

extension BinaryOperator {
    var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }
}
