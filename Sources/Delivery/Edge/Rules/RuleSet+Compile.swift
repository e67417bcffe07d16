import SQL

extension RuleSet {
    /// Compiles rules.
    /// - Parameters:
    ///   - origins: names that rules may choose.
    ///   - allowsESI: whether pages are assembled at all.
    /// - Returns: the rules, nil where one of the faults is no warning, and what is wrong or likely to be.
    public static func compile(
        _ declarations: [RuleDeclaration], origins: [String], allowsESI: Bool
    ) -> (set: RuleSet?, faults: [RuleFault]) {
        var compiler = RuleCompiler(origins: Set(origins), allowsESI: allowsESI)
        guard declarations.count <= maximumRules else {
            compiler.report(maximumRules, "", "more than \(maximumRules) rules")
            return (nil, compiler.faults)
        }
        for (number, declaration) in declarations.enumerated() { compiler.bind(declaration, number) }
        guard compiler.faults.isEmpty else { return (nil, compiler.faults) }
        compiler.settleOrigins()
        guard compiler.faults.isEmpty else { return (nil, compiler.faults) }
        let set = compiler.finish(declarations)
        compiler.warn()
        return (set, compiler.faults.sorted { $0.rule < $1.rule })
    }
}

extension RuleCompiler {
    fileprivate mutating func finish(_ declarations: [RuleDeclaration]) -> RuleSet? {
        var set = RuleSet()
        set.names = declarations.map(\.name)
        set.rulePhases = Array(repeating: .receive, count: declarations.count)
        for rule in bound { set.rulePhases[rule.number] = rule.phase }
        set.conditions = declarations.map(\.when)
        set.tables = binder.tables
        for phase in RulePhase.allCases {
            let rules = bound.filter { $0.phase == phase }
            guard !rules.isEmpty, let compiled = compile(rules) else { continue }
            set.slotCount = max(set.slotCount, compiled.slotCount)
            set.phases[phase.index] = compiled.phase
        }
        return faults.isEmpty ? set : nil
    }

    private mutating func compile(_ rules: [BoundRule]) -> (phase: RuleSet.Phase, slotCount: Int)? {
        var compiled: [(rule: BoundRule, actions: [RuleAction], targetConditions: [RowProgram])] = []
        // By rule, what its condition reads and what its actions read.
        var columns: [(condition: [Int], actions: Set<Int>)] = []
        for rule in rules {
            guard let actions = compile(rule) else { continue }
            do throws(SQLError) {
                // Apart from the others, so that a pattern that is wrong is told of with its rule.
                let condition = try RowProgram(conditions: [rule.condition], binder)
                compiled.append((rule, actions, try targetConditions(of: rule)))
                columns.append((condition.columns, Set(actions.flatMap(\.programs).flatMap(\.columns))))
            } catch {
                report(rule.number, "when", error)
            }
        }
        guard faults.isEmpty else { return nil }
        let read = columns.reduce(into: Set<Int>()) { $0.formUnion($1.actions.union($1.condition)) }.sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(read, 0...).map { ($0, UInt16($1)) })
        do throws(SQLError) {
            let conditions = try RowProgram(conditions: rules.map(\.condition), binder)
            var phase = RuleSet.Phase(
                conditions: conditions, rules: [], fills: read.map { RuleFill($0, binder) }, needs: [], needStarts: [0])
            for ((rule, actions, targetConditions), columns) in zip(compiled, columns) {
                phase.rules.append(
                    CompiledRule(
                        number: rule.number, name: Array(rule.declaration.name.utf8), actions: actions,
                        needs: columns.actions.sorted().compactMap { places[$0] }, stops: rule.declaration.stops,
                        targetConditions: targetConditions))
                phase.needs += columns.condition.compactMap { places[$0] }
                phase.needStarts.append(Int32(phase.needs.count))
            }
            let programs = compiled.flatMap(\.actions).flatMap(\.programs) + compiled.flatMap(\.targetConditions)
            return (phase, max(programs.map(\.slotCount).max() ?? 0, conditions.slotCount))
        } catch {
            report(rules[0].number, "when", error)
            return nil
        }
    }

    /// For a purge, which knows nothing of a request but its URL.
    private func targetConditions(of rule: BoundRule) throws(SQLError) -> [RowProgram] {
        guard rule.declaration.actions.contains(where: \.action.changesTarget) else { return [] }
        var programs: [RowProgram] = []
        for part in conjuncts(rule.condition) where isOfTarget(part) {
            programs.append(try RowProgram(conditions: [part], binder))
        }
        return programs
    }

    // MARK: Warnings

    /// Rules that are never asked, and those that undo each other.
    fileprivate mutating func warn() {
        for phase in RulePhase.allCases {
            let rules = bound.filter { $0.phase == phase }
            let parts = rules.map { conjuncts($0.condition) }
            for (index, rule) in rules.enumerated() {
                warnOfIdleActions(rule)
                warnOfSpelling(rule)
                if case .literal(let value, _) = rule.condition, value != .bool(true) {
                    report(rule.number, "when", "the condition is never true", isWarning: true)
                    continue
                }
                // Quadratic; more rules than this are read by no human, and generated ones are checked by who makes them.
                guard rules.count <= 1_000 else { continue }
                for earlier in 0..<index { compare(rules, parts, earlier, index) }
            }
        }
    }

    private mutating func compare(
        _ rules: [BoundRule], _ parts: [Set<BoundExpression>], _ earlier: Int, _ later: Int
    ) {
        let (first, second) = (rules[earlier], rules[later])
        // Others may differ though they look the same.
        guard first.condition.isRepeatable, second.condition.isRepeatable else { return }
        let ends = first.declaration.stops || first.declaration.actions.contains { $0.action.isTerminal }
        let place = "\"\(first.declaration.name)\" (rule \(first.number + 1))"
        if ends, parts[earlier].isSubset(of: parts[later]) {
            report(
                second.number, second.declaration.when == nil ? "" : "when",
                "never reached: \(place) ends the phase wherever this condition holds", isWarning: true)
            return
        }
        guard !ends, parts[later].isSubset(of: parts[earlier]) else { return }
        let targets = Set(first.declaration.actions.compactMap(\.action.target))
        for (key, action) in second.declaration.actions {
            guard let target = action.target, targets.contains(target) else { continue }
            report(
                second.number, key,
                "conflicts with \(place), which sets \(target) under the same condition; this one counts",
                isWarning: true)
        }
    }

    /// The conditions that all must hold; none for what always does.
    func conjuncts(_ condition: BoundExpression) -> Set<BoundExpression> {
        var parts: Set<BoundExpression> = []
        var open = [condition]
        while let next = open.popLast() {
            switch next {
            case .call(.and, let sides, _): open += sides
            case .literal(.bool(true), _): break
            default: parts.insert(next)
            }
        }
        return parts
    }
}

extension RuleAction {
    /// Everything in it that reads columns.
    var programs: [RowProgram] {
        switch self {
        case .respond(_, let headers, let body): headers.flatMap(\.1.programs) + body.programs
        case .redirect(let template, _, _), .rewrite(let template), .setHeader(_, let template),
            .addHeader(_, let template):
            template.programs
        case .cacheKey(let parts, _): parts
        case .timeToLive(let amount), .grace(let amount):
            if case .computed(let program) = amount { [program] } else { [] }
        case .throttle(let throttle): throttle.key.map { [$0] } ?? []
        case .canary(let canary): canary.by.map { [$0] } ?? []
        case .tags(let tags): tags.flatMap(\.programs)
        case .dropHeader, .stripQuery, .sortQuery, .bypass, .origin, .compress, .esi: []
        }
    }
}

extension RuleTemplate {
    fileprivate var programs: [RowProgram] {
        parts.compactMap { if case .value(let program) = $0 { program } else { nil } }
    }
}
