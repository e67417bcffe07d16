/// Binds expressions over one scope. Aggregates are collected where they may stand.
///
/// While it collects, an aggregate's value is column `scope.columns.count + n` of what it returns: the columns of the
/// input are still themselves. `GroupedRewriter` then turns both into the columns of the aggregation's output.
struct ExpressionBinder {
    /// How an aggregate is treated.
    enum Aggregates {
        /// Refused; the text names the place (`WHERE`).
        case refused(String)
        case collected
    }

    /// How an OVER function is treated.
    enum Overs {
        /// Refused; the text names the place (`WHERE`).
        case refused(String)
        case collected
    }

    let scope: Scope
    let limits: SQLLimits
    /// Binds sub-queries; `nil` where none may stand.
    let queries: QueryBinder?
    /// Those that the text declares.
    let functions: DeclaredFunctions?
    var aggregates: Aggregates
    /// What an alias of the select list means, as far as aliases are visible.
    var aliases: [String: Bound] = [:]
    /// Aliases hide columns of the same name (`ORDER BY`); otherwise columns hide aliases.
    var prefersAliases = false
    /// Aliases that exist but can't be seen here, for a better message.
    var hiddenAliases: Set<String> = []
    /// The aggregates so far; equal ones are computed once.
    var collected: [AggregateCall] = []
    var overs: Overs
    /// The OVER functions so far; see `OverItem`.
    var overItems: [OverItem] = []
    /// Those of the `WINDOW` clause.
    var windows: [NamedWindow] = []
    /// The window in GROUP BY, which `TUMBLE_START` and the like name.
    var groupWindow: GroupWindow?
    /// Inside of `MATCH_RECOGNIZE`: what names mean there.
    var match: MatchScope?
    /// What single rows are asked for besides their columns.
    var rowLookups: RowLookups?
    /// Where each column of the input was named first.
    var references: [Int: SourcePosition] = [:]

    init(
        scope: Scope, limits: SQLLimits, aggregates: Aggregates, queries: QueryBinder? = nil,
        functions: DeclaredFunctions? = nil
    ) {
        self.scope = scope
        self.limits = limits
        self.queries = queries
        self.functions = functions ?? queries?.functions
        self.aggregates = aggregates
        if case .refused(let place) = aggregates { overs = .refused(place) } else { overs = .refused("this place") }
    }

    /// - Throws: every code of the binder, at the offending token.
    ///
    /// It takes nothing apart itself: a frame has room for what all of its cases bind, and there is one for each level of a
    /// deep expression.
    mutating func bind(_ expression: Expression) throws(SQLError) -> Bound {
        if expression.mayTestElements, let bound = try anyElement(expression) { return bound }
        switch expression {
        case .name, .literal: return try bindLeaf(expression)
        case .unary, .logical: return try bindOperator(expression)
        case .binary: return try bindBinary(expression)
        case .call: return try bindCall(expression)
        case .cast, .caseWhen: return try bindChoice(expression)
        case .like, .between, .distinctFrom: return try bindTest(expression)
        case .inList, .truth: return try bindMembership(expression)
        case .inQuery, .exists, .scalarQuery: return try bindQuery(expression)
        }
    }

    @inline(never)
    private mutating func bindLeaf(_ expression: Expression) throws(SQLError) -> Bound {
        switch expression {
        case .name(let name): return try column(name)
        case .literal(let literal, let position): return try bind(literal, at: position)
        default: return try bind(expression)
        }
    }

    @inline(never)
    private mutating func bindOperator(_ expression: Expression) throws(SQLError) -> Bound {
        switch expression {
        case .unary(let unary, let operand, let position): return try bind(unary, operand, at: position)
        case .logical(let connective, let operands): return try bind(connective, operands)
        default: return try bind(expression)
        }
    }

    @inline(never)
    private mutating func bindBinary(_ expression: Expression) throws(SQLError) -> Bound {
        guard case .binary(let binary, let left, let right, let position) = expression else {
            return try bind(expression)
        }
        let operands = [try bind(left), try bind(right)]
        return try apply(binary.function, operands, at: position, shown: binary.rawValue)
    }

    @inline(never)
    private mutating func bindCall(_ expression: Expression) throws(SQLError) -> Bound {
        guard case .call(let call) = expression else { return try bind(expression) }
        return try bind(call)
    }

    @inline(never)
    private mutating func bindChoice(_ expression: Expression) throws(SQLError) -> Bound {
        switch expression {
        case .cast(let value, let type, let isTry, let position):
            return try bindCast(value, to: type, isTry: isTry, at: position)
        case .caseWhen(let operand, let clauses, let otherwise, let position):
            return try bindCase(operand, clauses, otherwise, at: position)
        default: return try bind(expression)
        }
    }

    @inline(never)
    private mutating func bindMembership(_ expression: Expression) throws(SQLError) -> Bound {
        switch expression {
        case .inList(let value, let items, let isNegated, let position):
            return try bindIn(value, items, isNegated: isNegated, at: position)
        case .truth(let value, let test, let isNegated, let position):
            return negated(try bind(test, of: value, at: position), if: isNegated)
        default: return try bind(expression)
        }
    }

    @inline(never)
    private mutating func bindQuery(_ expression: Expression) throws(SQLError) -> Bound {
        switch expression {
        case .inQuery(let value, let query, let isNegated, let position):
            return try inQuery(value, query, isNegated: isNegated, at: position)
        case .exists(let query, let position): return try existsQuery(query, at: position)
        case .scalarQuery(let query, let position): return try scalarQuery(query, at: position)
        default: return try bind(expression)
        }
    }

    /// Tests of several operands.
    @inline(never)
    private mutating func bindTest(_ expression: Expression) throws(SQLError) -> Bound {
        switch expression {
        case .like(let text, let pattern, let escape, let isNegated, let position):
            var operands = [try bind(text), try bind(pattern)]
            if let escape { operands.append(try bind(escape)) }
            return negated(try apply(.like, operands, at: position, shown: "LIKE"), if: isNegated)
        case .between(let value, let low, let high, let isSymmetric, let isNegated, let position):
            let operands = [try bind(value), try bind(low), try bind(high)]
            return negated(try bindBetween(operands, isSymmetric: isSymmetric, at: position), if: isNegated)
        case .distinctFrom(let left, let right, let isNegated, let position):
            let operands = [try bind(left), try bind(right)]
            let distinct = try apply(.isDistinctFrom, operands, at: position, shown: "IS DISTINCT FROM")
            return negated(distinct, if: isNegated)
        default: return try bind(expression)
        }
    }

    /// A condition: a boolean, or an untyped NULL.
    mutating func condition(_ expression: Expression, clause: String) throws(SQLError) -> Bound {
        let bound = try bind(expression)
        switch bound.type {
        case .boolean: return bound
        case .null: return try cast(bound, to: .boolean)
        case .json: return try cast(bound, to: .boolean, isTry: true)
        default:
            let test = bound.type.isNumeric ? "compare it: … <> 0" : "compare it with something, or test IS NOT NULL"
            throw SQLError(
                .typeMismatch, "\(clause) needs a condition, and this is \(bound.type.name)", at: bound.position,
                suggestion: test)
        }
    }

    // MARK: Making nodes

    /// A node over `operands`, within the limit of nodes.
    func make(
        _ expression: BoundExpression, of operands: [Bound], at position: SourcePosition
    ) throws(SQLError) -> Bound {
        var size = 1
        for operand in operands {
            let (sum, overflow) = size.addingReportingOverflow(operand.size)
            size = overflow ? Int.max : sum
        }
        guard size <= limits.maximumExpressionNodes else {
            throw SQLError(
                .limitExceeded, "an expression of more than \(limits.maximumExpressionNodes) parts", at: position,
                suggestion: "compute the repeated part in a sub-query")
        }
        return ConstantFolding.fold(Bound(expression: expression, size: size, position: position), of: operands)
    }

    func negated(_ bound: Bound, if isNegated: Bool) -> Bound {
        guard isNegated else { return bound }
        var result = bound
        if case .inList(let operand, let values, let isNegated) = bound.expression {
            result.expression = .inList(operand, values, isNegated: !isNegated)
        } else {
            result.expression = .call(.not, [bound.expression], type: .boolean)
            result.size += 1
        }
        return ConstantFolding.fold(result, of: [bound])
    }

    /// `bound` as a value of `type`.
    ///
    /// - Throws: `invalidLiteral` where it is a literal that can't be one.
    func cast(_ bound: Bound, to type: SQLType, isTry: Bool = false) throws(SQLError) -> Bound {
        if bound.type == type { return bound }
        if case .literal(.null, _) = bound.expression {
            return Bound(expression: .literal(.null, type: type), size: 1, position: bound.position)
        }
        let cast = BoundExpression.cast(bound.expression, to: type, isTry: isTry)
        let result = try make(cast, of: [bound], at: bound.position)
        // A constant whose cast fails stays a cast after folding, and would fail at every row.
        if case .literal(let value, .varchar) = bound.expression, case .cast = result.expression, !isTry {
            throw SQLError(
                .invalidLiteral, "'\(ConstantFolding.shown(value))' can't be read as \(type.name)", at: bound.position)
        }
        return result
    }

    /// The call of an operator or function, with the casts its overload asks for.
    func apply(
        _ function: ScalarFunction, _ operands: [Bound], at position: SourcePosition, shown: String
    ) throws(SQLError) -> Bound {
        guard let resolution = FunctionSignatures.resolve(function, operands.map(\.type)) else {
            throw mismatch(shown, operands, at: position)
        }
        return try apply(resolution, operands, at: operands.first?.position ?? position)
    }

    func apply(
        _ resolution: FunctionResolution, _ operands: [Bound], at position: SourcePosition
    ) throws(SQLError) -> Bound {
        var arguments: [Bound] = []
        for (operand, wanted) in zip(operands, resolution.casts) {
            if let wanted {
                arguments.append(try cast(operand, to: wanted.type, isTry: wanted.isTry))
            } else {
                arguments.append(operand)
            }
        }
        let call = BoundExpression.call(resolution.function, arguments.map(\.expression), type: resolution.type)
        return try make(call, of: arguments, at: position)
    }

    /// The error for operands that an operator doesn't take.
    func mismatch(_ shown: String, _ operands: [Bound], at position: SourcePosition) -> SQLError {
        let types = operands.map(\.type.name).joined(separator: " and ")
        var suggestion = "CAST(… AS type) converts"
        if shown == "+", operands.contains(where: { $0.type == .varchar }) { suggestion = "|| joins texts" }
        if shown == "AND" || shown == "OR" || shown == "NOT" {
            suggestion = "it takes conditions: compare with = or <>"
        }
        return SQLError(.typeMismatch, "\(shown) can't take \(types)", at: position, suggestion: suggestion)
    }
}

extension BinaryOperator {
    var function: ScalarFunction {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .remainder: .remainder
        case .concat: .concat
        }
    }
}
