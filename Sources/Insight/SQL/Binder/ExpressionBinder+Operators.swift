extension ExpressionBinder {
    mutating func bind(
        _ unary: UnaryOperator, _ operand: Expression, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let bound = try bind(operand)
        switch unary {
        case .minus: return try apply(.negate, [bound], at: position, shown: "-")
        case .not: return try apply(.not, [bound], at: position, shown: "NOT")
        case .plus:
            guard bound.type.isNumeric || bound.type.isInterval || bound.type == .null else {
                throw mismatch("+", [bound], at: position)
            }
            return bound
        }
    }

    /// A chain of `AND` or `OR` as a balanced tree, so that its depth stays small.
    mutating func bind(_ connective: LogicalOperator, _ operands: [Expression]) throws(SQLError) -> Bound {
        let function: ScalarFunction = connective == .and ? .and : .or
        var bounds: [Bound] = []
        for operand in operands {
            let bound = try bind(operand)
            guard [.boolean, .null, .json].contains(bound.type) else {
                throw mismatch(connective.rawValue, [bound], at: bound.position)
            }
            bounds.append(try cast(bound, to: .boolean, isTry: bound.type == .json))
        }
        return try balanced(function, bounds[...])
    }

    func balanced(_ function: ScalarFunction, _ bounds: ArraySlice<Bound>) throws(SQLError) -> Bound {
        let first = bounds[bounds.startIndex]
        if bounds.count == 1 { return first }
        let middle = bounds.startIndex + bounds.count / 2
        let sides = [try balanced(function, bounds[..<middle]), try balanced(function, bounds[middle...])]
        return try make(
            .call(function, sides.map(\.expression), type: .boolean), of: sides, at: first.position)
    }

    /// `value BETWEEN low AND high` as two comparisons.
    func bindBetween(
        _ operands: [Bound], isSymmetric: Bool, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let (value, low, high) = (operands[0], operands[1], operands[2])
        func within(_ low: Bound, _ high: Bound) throws(SQLError) -> Bound {
            let above = try apply(.greaterOrEqual, [value, low], at: position, shown: "BETWEEN")
            let below = try apply(.lessOrEqual, [value, high], at: position, shown: "BETWEEN")
            return try balanced(.and, [above, below])
        }
        guard isSymmetric else { return try within(low, high) }
        return try balanced(.or, [try within(low, high), try within(high, low)])
    }

    /// `value IN (…)`: a set of literals where they are ones, else a chain of comparisons.
    mutating func bindIn(
        _ value: Expression, _ items: [Expression], isNegated: Bool, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let operand = try bind(value)
        var bounds: [Bound] = []
        for item in items { bounds.append(try bind(item)) }
        return try bindIn(operand, bounds, isNegated: isNegated, at: position)
    }

    func bindIn(
        _ operand: Bound, _ bounds: [Bound], isNegated: Bool, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        var type = operand.type
        for bound in bounds {
            guard let next = FunctionSignatures.comparisonType(type, bound.type) else {
                throw mismatch("IN", [operand, bound], at: bound.position)
            }
            type = next
        }
        guard bounds.allSatisfy({ if case .literal = $0.expression { true } else { false } }) else {
            var tests: [Bound] = []
            for bound in bounds { tests.append(try apply(.equal, [operand, bound], at: position, shown: "IN")) }
            return negated(try balanced(.or, tests[...]), if: isNegated)
        }
        let subject =
            operand.type.isCarried(as: type) ? operand : try cast(operand, to: type, isTry: operand.type == .json)
        var values: [Value] = []
        for bound in bounds {
            let cast = try cast(bound, to: type, isTry: bound.type == .json)
            guard case .literal(let value, _) = cast.expression else {
                throw mismatch("IN", [operand, bound], at: bound.position)
            }
            values.append(value)
        }
        let list = BoundExpression.inList(subject.expression, values, isNegated: isNegated)
        return try make(list, of: [subject], at: operand.position)
    }

    mutating func bind(
        _ test: TruthTest, of value: Expression, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let operand = try bind(value)
        switch test {
        case .null: return try apply(.isNull, [operand], at: position, shown: "IS NULL")
        case .isTrue: return try apply(.isTrue, [operand], at: position, shown: "IS TRUE")
        case .isFalse: return try apply(.isFalse, [operand], at: position, shown: "IS FALSE")
        case .unknown:
            guard operand.type == .boolean || operand.type == .null else {
                throw mismatch("IS UNKNOWN", [operand], at: position)
            }
            return try apply(.isNull, [operand], at: position, shown: "IS UNKNOWN")
        }
    }

    // MARK: CASE and CAST

    mutating func bindCase(
        _ operand: Expression?, _ clauses: [CaseClause], _ otherwise: Expression?, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        var subject: Bound?
        if let operand { subject = try bind(operand) }
        var conditions: [Bound] = []
        var results: [Bound] = []
        for clause in clauses {
            if let subject {
                let item = try bind(clause.condition)
                conditions.append(try apply(.equal, [subject, item], at: item.position, shown: "CASE … WHEN"))
            } else {
                conditions.append(try condition(clause.condition, clause: "WHEN"))
            }
            results.append(try bind(clause.result))
        }
        let null = Bound(expression: .literal(.null, type: .null), size: 1, position: position)
        var last = null
        if let otherwise { last = try bind(otherwise) }
        results = try unified(results + [last], what: "CASE")
        let branches = zip(conditions, results).map { CaseBranch(condition: $0.expression, result: $1.expression) }
        let rest = results[results.count - 1]
        let expression = BoundExpression.caseWhen(branches, otherwise: rest.expression, type: rest.type)
        return try make(expression, of: conditions + results, at: position)
    }

    /// Values cast to the type they meet in. Text beside anything makes it all text.
    func unified(_ values: [Bound], what: String) throws(SQLError) -> [Bound] {
        var type = SQLType.null
        for value in values {
            if let next = SQLType.common(type, value.type) {
                type = next
            } else if type == .varchar || value.type == .varchar, type != .varbinary, value.type != .varbinary {
                type = .varchar
            } else {
                throw SQLError(
                    .typeMismatch, "\(what) mixes \(type.name) and \(value.type.name)", at: value.position,
                    suggestion: "CAST one of them")
            }
        }
        var result: [Bound] = []
        for value in values { result.append(try cast(value, to: type)) }
        return result
    }

    mutating func bindCast(
        _ value: Expression, to name: TypeName, isTry: Bool, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let type = try name.resolved()
        let operand = try bind(value)
        var result = operand
        if case .row(let fields) = operand.type, case .row(let wanted) = type, fields != wanted {
            return try cast(row: operand, fields, to: wanted)
        }
        if operand.type != type {
            if case .literal(.null, _) = operand.expression {
                result = Bound(expression: .literal(.null, type: type), size: 1, position: position)
            } else {
                let cast = BoundExpression.cast(operand.expression, to: type, isTry: isTry)
                do {
                    _ = try CompiledExpression(.cast(.column(index: 0, type: operand.type), to: type, isTry: isTry))
                } catch {
                    throw SQLError(
                        .typeMismatch, "\(operand.type.name) can't be cast to \(type.name)", at: position)
                }
                result = try make(cast, of: [operand], at: position)
            }
        }
        guard type == .varchar, let length = name.parameters.first else { return result }
        // VARCHAR(n) cuts what is longer.
        let bounds = [1, length].map { number in
            Bound(expression: .literal(.int64(Int64(number)), type: .integer), size: 1, position: position)
        }
        return try apply(.substring, [result] + bounds, at: position, shown: "CAST")
    }
}
