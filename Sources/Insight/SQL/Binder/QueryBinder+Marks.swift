/// `x IN (query)` and `EXISTS (query)` beside OR, in CASE and among the columns: a mark on each row that says whether it is
/// so. The table is joined with what the query comes to for each combination of the columns that tie it to a row: which
/// values there are, whether there are any, and whether one of them is null.
extension QueryBinder {
    /// Whether the sub-query has rows for a row of `input`.
    func joinExists(
        of query: Query, to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let tied = try tie(query, to: input, at: position)
        let marks = try joinMarks(
            of: tied.select.relation, [Self.rowCount], [Self.isThere(keyCount: tied.join.rightKeys.count)],
            by: tied.join, to: &input, at: position)
        return Self.only(where: tied.condition, marks[0])
    }

    /// Whether `value` is among the values of the sub-query.
    ///
    /// - Parameter needsUnknown: false where it is the same whether it is unknown or false.
    func joinMembership(
        of value: Expression, in query: Query, needsUnknown: Bool, to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let tied = try tie(query, to: input, at: position)
        let (operand, item) = try members(value, tied.select, over: input, at: position)
        var pairs = tied.join
        pairs.leftKeys.append(operand)
        pairs.rightKeys.append(item)
        let keyCount = pairs.rightKeys.count
        let isMet = try joinMarks(
            of: tied.select.relation, [Self.rowCount], [Self.isThere(keyCount: keyCount)], by: pairs, to: &input,
            at: position)[0]
        guard needsUnknown else { return Self.only(where: tied.condition, isMet) }
        let values = AggregateCall(function: .count, argument: item, isDistinct: false, filter: nil, type: .bigint)
        let counts = [keyCount, keyCount - 1].map { BoundExpression.column(index: $0, type: .bigint) }
        let lists = try joinMarks(
            of: tied.select.relation, [Self.rowCount, values],
            [Self.isThere(keyCount: keyCount - 1), .call(.less, counts, type: .boolean)], by: tied.join, to: &input,
            at: position)
        let isNull = BoundExpression.call(.isNull, [operand], type: .boolean)
        let hasNullBeside = BoundExpression.call(.and, [lists[0], isNull], type: .boolean)
        let isUnknown = BoundExpression.call(.or, [lists[1], hasNullBeside], type: .boolean)
        let mark = BoundExpression.caseWhen(
            [
                CaseBranch(condition: isMet, result: .literal(.bool(true), type: .boolean)),
                CaseBranch(condition: isUnknown, result: .literal(.null, type: .boolean)),
            ], otherwise: .literal(.bool(false), type: .boolean), type: .boolean)
        return Self.only(where: tied.condition, mark)
    }

    /// What a sub-query reads, by which columns it is tied to a row, and what must be true of the row alone.
    private struct Tied {
        var select: CorrelatedSelect
        var join: JoinSpecification
        var condition: BoundExpression?
    }

    private func tie(
        _ query: Query, to input: Relation, at position: SourcePosition
    ) throws(SQLError) -> Tied {
        let width = input.scope.columns.count
        guard isCorrelated(query, in: input.scope) else {
            let relation = try inside(input.scope).bind(query)
            return Tied(
                select: CorrelatedSelect(relation: relation, conditions: [], items: nil),
                join: JoinSpecification(kind: .left, conditions: [], leftCount: width))
        }
        var select = try correlated(query, to: input.scope, at: position)
        try select.filterRight(leftCount: width, self, at: position)
        let own = select.conditions.filter { $0.side(width) == .left }
        select.conditions.removeAll { $0.side(width) == .left }
        let join = JoinSpecification(kind: .left, conditions: select.conditions, leftCount: width)
        guard join.residual == nil else { throw Self.notTiedByEquality(at: position) }
        return Tied(select: select, join: join, condition: own.isEmpty ? nil : Conjunction.join(own[...]))
    }

    /// The operand of `IN` over the columns of the table, and what it is compared with over those of the sub-query, both of
    /// the type that they meet in.
    private func members(
        _ value: Expression, _ select: CorrelatedSelect, over input: Relation, at position: SourcePosition
    ) throws(SQLError) -> (operand: BoundExpression, item: BoundExpression) {
        let width = input.scope.columns.count
        var outer = ExpressionBinder(scope: input.scope, limits: limits, aggregates: .refused("IN"), queries: self)
        let operand = try outer.bind(value)
        var binder = correlatedBinder(
            input.scope, select.relation.scope, aggregates: "a sub-query with columns around it")
        let item = try select.onlyItem(&binder, leftCount: width, at: position)
        var usesOuter = false
        item.expression.forEachColumn { if $0 < width { usesOuter = true } }
        guard !usesOuter else {
            throw SQLError(
                .unsupported, "what IN (query) selects here can't use columns of the query around it",
                at: item.position, suggestion: "use them in the WHERE of the sub-query, or beside IN")
        }
        guard let resolution = FunctionSignatures.resolve(.equal, [operand.type, item.type]) else {
            throw binder.mismatch("IN", [operand, item], at: position)
        }
        var sides = [operand, item]
        for (index, wanted) in resolution.casts.enumerated() {
            if let wanted { sides[index] = try binder.cast(sides[index], to: wanted.type, isTry: wanted.isTry) }
        }
        if sides[0].type.fieldType != sides[1].type.fieldType {
            guard let common = SQLType.common(of: sides.map(\.type)) else {
                throw binder.mismatch("IN", [operand, item], at: position)
            }
            for index in sides.indices { sides[index] = try binder.cast(sides[index], to: common) }
        }
        return (sides[0].expression, sides[1].expression.remappingColumns { $0 - width })
    }

    /// Joins marks of the groups that the right keys make.
    ///
    /// - Parameter marks: conditions over the keys and the aggregates.
    /// - Returns: them over the columns of `input`; false for a row without a group.
    private func joinMarks(
        of relation: Relation, _ calls: [AggregateCall], _ marks: [BoundExpression], by join: JoinSpecification,
        to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> [BoundExpression] {
        let width = input.scope.columns.count
        let keys = join.rightKeys
        let keyFields = keys.enumerated().map { PlanField(name: "$key\($0)", type: $1.type) }
        let callFields = calls.enumerated().map { PlanField(name: "$aggregate\($0)", type: $1.type) }
        let fields = keyFields + marks.enumerated().map { PlanField(name: "$mark\($0)", type: $1.type) }
        let columns = keys.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        let grouped = LogicalPlan.aggregate(
            input: relation.plan, keys: keys, aggregates: calls, fields: keyFields + callFields)
        var join = join
        join.rightKeys = columns
        join.holdsAnswers = true
        join.readsSubquery = true
        let hidden = Scope.hidden(fields, by: join)
        input = try self.relation(
            .join(
                left: input.plan, right: .project(input: grouped, expressions: columns + marks, fields: fields),
                join: join), Scope(input.scope.columns + hidden), over: [input, relation], nodes: 3, at: position)
        return marks.indices.map { index in
            .call(.isTrue, [.column(index: width + keys.count + index, type: .boolean)], type: .boolean)
        }
    }

    private static func only(where condition: BoundExpression?, _ mark: BoundExpression) -> BoundExpression {
        guard let condition else { return mark }
        return .caseWhen(
            [CaseBranch(condition: condition, result: mark)], otherwise: .literal(.bool(false), type: .boolean),
            type: .boolean)
    }

    static func notTiedByEquality(at position: SourcePosition) -> SQLError {
        SQLError(
            .unsupported,
            "a sub-query as a value is tied to the query around it by equal columns alone", at: position,
            suggestion: "WHERE inner = outer AND conditions on inner columns, or a join")
    }

    static let rowCount = AggregateCall(
        function: .countAll, argument: nil, isDistinct: false, filter: nil, type: .bigint)

    /// Whether the number of rows, behind the keys, is above zero.
    private static func isThere(keyCount: Int) -> BoundExpression {
        let zero = BoundExpression.literal(.int64(0), type: .bigint)
        return .call(.greater, [.column(index: keyCount, type: .bigint), zero], type: .boolean)
    }
}

/// A sub-query among the expressions of a SELECT.
struct FoundSubquery {
    var expression: Expression
    /// Whether it is something else that it is unknown than that it is false.
    var needsUnknown: Bool

    /// Those in an expression, the inner ones first.
    ///
    /// - Parameters:
    ///   - isCondition: unknown counts as false for who reads the expression.
    static func collect(_ expression: Expression, isCondition: Bool, into found: inout [FoundSubquery]) {
        func all(_ children: [Expression], _ areConditions: Bool) {
            for child in children { collect(child, isCondition: areConditions, into: &found) }
        }
        switch expression {
        case .scalarQuery, .exists:
            found.append(FoundSubquery(expression: expression, needsUnknown: false))
        case .inQuery(let value, _, let isNegated, _):
            collect(value, isCondition: false, into: &found)
            found.append(FoundSubquery(expression: expression, needsUnknown: isNegated || !isCondition))
        case .logical(_, let operands): all(operands, isCondition)
        case .caseWhen(let operand, let clauses, let otherwise, _):
            all([operand].compactMap { $0 }, false)
            all(clauses.map(\.condition), operand == nil)
            all(clauses.map(\.result) + [otherwise].compactMap { $0 }, isCondition)
        case .call(let call):
            all(call.arguments + call.orderBy.map(\.expression), false)
            all([call.filter].compactMap { $0 }, true)
        default: all(expression.children, false)
        }
    }
}

extension Scope {
    /// The columns that a sub-query's join puts behind those of the table.
    static func hidden(_ fields: [PlanField], by join: JoinSpecification) -> [Column] {
        var sources: Set<Int> = []
        for key in join.leftKeys { key.forEachColumn { sources.insert($0) } }
        return fields.map { Column(name: $0.name, type: $0.type, isHidden: true, sources: sources) }
    }

    /// The columns of sub-queries that are one for each combination of `keys`.
    func determined(by keys: [BoundExpression]) -> Set<Int> {
        var known: Set<Int> = []
        for case .column(let index, _) in keys { known.insert(index) }
        var determined: Set<Int> = []
        for (index, column) in columns.enumerated() {
            guard let sources = column.sources, sources.isSubset(of: known) else { continue }
            known.insert(index)
            determined.insert(index)
        }
        return determined
    }
}
