extension QueryBinder {
    /// `MATCH_RECOGNIZE`: the partition's columns, then the measures.
    func bind(_ match: MatchReference) throws(SQLError) -> Relation {
        let input = try bind(match.input)
        let names = PatternNames(match.pattern)
        var specification = MatchSpecification(
            partitionKeys: try partitionKeys(match, input), order: [], timeColumn: 0, variables: [],
            pattern: try pattern(match, names), conditionReads: [], measureReads: [], measures: [],
            skip: try skip(match, names), within: nil)
        try bindOrder(match, input, into: &specification)
        if let within = match.within {
            specification.within = try interval(within, "WITHIN", isPositive: true)
        }
        try refuseEndlessSkip(match, specification)
        try bindDefinitions(match, names, input, into: &specification)
        let measures = try bindMeasures(match, names, input, into: &specification)
        var fields = specification.partitionKeys.map { key in
            PlanField(name: input.scope.columns[key].name, type: input.scope.columns[key].type)
        }
        fields += zip(match.measures, measures).map { PlanField(name: $0.name.text, type: $1.type) }
        var seen: Set<String> = []
        for (index, field) in fields.enumerated() where !seen.insert(field.name).inserted {
            let measure = index - specification.partitionKeys.count
            let position = measure < 0 ? match.partitionBy[index].position : match.measures[measure].name.position
            throw SQLError(.ambiguousName, "MATCH_RECOGNIZE gives column \(field.name) twice", at: position)
        }
        return try relation(
            .match(input: input.plan, match: specification, fields: fields), Scope(fields: fields), over: [input],
            at: match.position)
    }

    private func partitionKeys(_ match: MatchReference, _ input: Relation) throws(SQLError) -> [Int] {
        var keys: [Int] = []
        for name in match.partitionBy { keys.append(try column(name, of: input, clause: "PARTITION BY")) }
        return keys
    }

    private func column(_ name: Name, of input: Relation, clause: String) throws(SQLError) -> Int {
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits, aggregates: .refused(clause), queries: self)
        let bound = try binder.column(name)
        guard case .column(let index, _) = bound.expression else {
            throw SQLError(.invalidQuery, "\(clause) takes columns", at: name.position)
        }
        return index
    }

    private func bindOrder(
        _ match: MatchReference, _ input: Relation, into specification: inout MatchSpecification
    ) throws(SQLError) {
        for (place, item) in match.orderBy.enumerated() {
            guard case .name(let name) = item.expression else {
                throw SQLError(
                    .invalidQuery, "ORDER BY in MATCH_RECOGNIZE takes columns", at: item.expression.position,
                    suggestion: "compute it in a query in parentheses before MATCH_RECOGNIZE")
            }
            let index = try column(name, of: input, clause: "ORDER BY")
            let type = input.scope.columns[index].type
            if place == 0 {
                guard type == .timestamp else {
                    throw SQLError(
                        .typeMismatch,
                        "MATCH_RECOGNIZE orders by a column of type TIMESTAMP first, and \(name.text) is \(type.name)",
                        at: name.position,
                        suggestion: input.scope.columns.first { $0.type == .timestamp }.map { "there is \($0.name)" })
                }
                guard !item.isDescending else {
                    throw SQLError(
                        .invalidQuery, "MATCH_RECOGNIZE takes rows in ascending order of time", at: name.position,
                        suggestion: "leave DESC away")
                }
                specification.timeColumn = index
            }
            specification.order.append(
                SortKey(
                    expression: .column(index: index, type: type), isDescending: item.isDescending,
                    nullsFirst: item.nullsFirst ?? !item.isDescending))
        }
    }

    // MARK: PATTERN and SKIP

    private func pattern(_ match: MatchReference, _ names: PatternNames) throws(SQLError) -> RowPattern {
        let pattern = names.bound(match.pattern)
        let position = names.positions.first ?? match.position
        guard !pattern.matchesEmpty else {
            throw SQLError(
                .invalidQuery, "the pattern could match no row at all", at: position,
                suggestion: "let one variable be needed: + instead of *")
        }
        let length = pattern.writtenOutLength
        guard length <= limits.maximumPatternLength else {
            throw SQLError(
                .limitExceeded,
                "a pattern of more than \(limits.maximumPatternLength) variables, repetitions written out",
                at: position, suggestion: "use {n,} without an upper bound, or + with COUNT in a condition")
        }
        return pattern
    }

    private func skip(_ match: MatchReference, _ names: PatternNames) throws(SQLError) -> MatchSpecification.Skip {
        switch match.skip {
        case .pastLastRow: return .pastLastRow
        case .toNextRow: return .toNextRow
        case .toFirst(let variable): return .toFirst(variable: try names.index(of: variable))
        case .toLast(let variable): return .toLast(variable: try names.index(of: variable))
        }
    }

    /// A search that goes on at its match's first row would find the same match for ever.
    private func refuseEndlessSkip(
        _ match: MatchReference, _ specification: MatchSpecification
    ) throws(SQLError) {
        guard case .toFirst(let variable) = specification.skip, case .toFirst(let name) = match.skip,
            specification.pattern.firstVariables == [variable]
        else { return }
        throw SQLError(
            .invalidQuery, "\(name.text) takes the first row of each match, where the search can't go on",
            at: name.position, suggestion: "SKIP TO NEXT ROW, or TO LAST \(name.text)")
    }

    // MARK: DEFINE and MEASURES

    private func bindDefinitions(
        _ match: MatchReference, _ names: PatternNames, _ input: Relation,
        into specification: inout MatchSpecification
    ) throws(SQLError) {
        specification.variables = names.names.map { .init(name: $0, rowCondition: nil, matchCondition: nil) }
        var defined: Set<Int> = []
        var reads: [MatchSpecification.Read] = []
        for definition in match.definitions {
            let variable = try names.index(of: definition.variable)
            guard defined.insert(variable).inserted else {
                throw SQLError(
                    .ambiguousName, "\(definition.variable.text) is defined twice", at: definition.variable.position,
                    suggestion: "join the conditions with AND")
            }
            var binder = matchBinder(names, defined: variable, input, "DEFINE")
            binder.match?.reads = reads
            let condition = try binder.condition(definition.condition, clause: "DEFINE").expression
            reads = binder.match?.reads ?? []
            let parts = Conjunction.split(condition)
            let rows = parts.filter { $0.readsOnlyCurrentRow(reads) && $0.isSafeOnEveryRow }
            let others = parts.filter { !($0.readsOnlyCurrentRow(reads) && $0.isSafeOnEveryRow) }
            if !rows.isEmpty {
                let columns = reads.map { $0.argument ?? .literal(.null, type: $0.type) }
                specification.variables[variable].rowCondition = Conjunction.join(rows[...]).replacingColumns(columns)
            }
            if !others.isEmpty { specification.variables[variable].matchCondition = Conjunction.join(others[...]) }
        }
        specification.keepReads(reads)
    }

    private func bindMeasures(
        _ match: MatchReference, _ names: PatternNames, _ input: Relation,
        into specification: inout MatchSpecification
    ) throws(SQLError) -> [Bound] {
        var binder = matchBinder(names, defined: nil, input, "MEASURES")
        var measures: [Bound] = []
        for measure in match.measures { measures.append(try binder.bind(measure.expression)) }
        specification.measures = measures.map(\.expression)
        specification.measureReads = binder.match?.reads ?? []
        return measures
    }

    private func matchBinder(
        _ names: PatternNames, defined: Int?, _ input: Relation, _ clause: String
    ) -> ExpressionBinder {
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits, aggregates: .refused(clause), queries: self)
        binder.match = MatchScope(variables: names.names, defined: defined)
        return binder
    }
}

extension MatchSpecification {
    /// Keeps of the `reads` those that conditions need.
    fileprivate mutating func keepReads(_ reads: [Read]) {
        var used: Set<Int> = []
        for variable in variables { variable.matchCondition?.forEachColumn { used.insert($0) } }
        let kept = used.sorted()
        let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        conditionReads = kept.map { reads[$0] }
        for index in variables.indices {
            variables[index].matchCondition = variables[index].matchCondition?.remappingColumns { places[$0] ?? $0 }
        }
    }
}

extension BoundExpression {
    fileprivate func readsOnlyCurrentRow(_ reads: [MatchSpecification.Read]) -> Bool {
        var isCurrent = true
        forEachColumn { if reads[$0].kind != .current { isCurrent = false } }
        return isCurrent
    }

    /// Whether no row can make it fail, so that it may be computed for rows that the pattern never tries.
    fileprivate var isSafeOnEveryRow: Bool {
        switch self {
        case .column, .literal: return true
        case .inList(let operand, _, _): return operand.isSafeOnEveryRow
        case .anyElement: return false
        case .cast(let operand, let type, let isTry):
            let isExact = type == .bigint && !operand.type.isDecimal
            let widens = operand.type.isNumeric && (isExact || type == .double || type.isDecimal)
            return (isTry || widens) && operand.isSafeOnEveryRow && operand.type != .double
        case .caseWhen(let branches, let otherwise, _):
            return otherwise.isSafeOnEveryRow
                && branches.allSatisfy { $0.condition.isSafeOnEveryRow && $0.result.isSafeOnEveryRow }
        case .call(let function, let arguments, _):
            let safe: Set<ScalarFunction> = [
                .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .not, .isNull, .isTrue,
                .isFalse, .isDistinctFrom, .add, .subtract, .multiply, .negate, .like,
            ]
            return safe.contains(function) && arguments.allSatisfy(\.isSafeOnEveryRow)
        }
    }
}

/// The variables of a pattern, in the order they are first named.
private struct PatternNames {
    private(set) var names: [String] = []
    private(set) var positions: [SourcePosition] = []

    init(_ pattern: PatternSyntax) { add(pattern) }

    private mutating func add(_ pattern: PatternSyntax) {
        switch pattern {
        case .variable(let name):
            guard !names.contains(name.text) else { return }
            names.append(name.text)
            positions.append(name.position)
        case .sequence(let parts), .alternatives(let parts): for part in parts { add(part) }
        case .repeated(let part, _, _, _, _): add(part)
        }
    }

    func bound(_ pattern: PatternSyntax) -> RowPattern {
        switch pattern {
        case .variable(let name): .variable(names.firstIndex(of: name.text) ?? 0)
        case .sequence(let parts): .sequence(parts.map(bound))
        case .alternatives(let parts): .alternatives(parts.map(bound))
        case .repeated(let part, let minimum, let maximum, let isReluctant, _):
            .repeated(bound(part), minimum: minimum, maximum: maximum, isReluctant: isReluctant)
        }
    }

    func index(of variable: Identifier) throws(SQLError) -> Int {
        if let index = names.firstIndex(of: variable.text) { return index }
        throw SQLError(
            .unknownColumn, "there is no variable \(variable.text) in PATTERN", at: variable.position,
            suggestion: Suggestion.phrase(for: variable.text, among: names)
                ?? "there are \(names.prefix(8).joined(separator: ", "))")
    }
}
