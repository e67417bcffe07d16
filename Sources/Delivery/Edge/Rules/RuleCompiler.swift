import HTTPWire
import SQL
import Upstream

/// Compiles rules: binds all of them first, since they share their columns, then makes programs.
struct RuleCompiler {
    /// A rule whose expressions are bound.
    struct BoundRule {
        var number: Int
        var declaration: RuleDeclaration
        var phase: RulePhase
        var condition: BoundExpression
        /// In the order of the actions, with what stands in each.
        var values: [[BoundExpression]] = []
        var templates: [[[TemplatePart]]] = []
    }

    enum TemplatePart {
        case text(String)
        case value(BoundExpression)
    }

    var binder = RowBinder(fields: RuleField.planFields, keyed: RuleKeyed.allCases.map(\.binding))
    var faults: [RuleFault] = []
    var bound: [BoundRule] = []
    /// Those in which the URL in the cache's key decides between origins, see `settleOrigins`.
    var phasesOfURL: Set<RulePhase> = []
    /// Names of origins.
    let origins: Set<String>
    let allowsESI: Bool

    mutating func report(
        _ rule: Int, _ key: String, _ message: String, line: Int? = nil, column: Int? = nil, isWarning: Bool = false
    ) {
        faults.append(
            RuleFault(rule: rule, key: key, line: line, column: column, message: message, isWarning: isWarning))
    }

    mutating func report(_ rule: Int, _ key: String, _ error: SQLError, line: Int = 1, column: Int = 1) {
        let message = error.suggestion.map { "\(error.message) (\($0))" } ?? error.message
        let at = error.line.map { ($0 + line - 1, ($0 == 1 ? column - 1 : 0) + (error.column ?? 1)) }
        report(rule, key, message, line: at?.0, column: at?.1)
    }

    // MARK: Binding

    mutating func bind(_ declaration: RuleDeclaration, _ number: Int) {
        guard let phase = phase(of: declaration, number), answersOnce(declaration, number) else { return }
        var rule = BoundRule(
            number: number, declaration: declaration, phase: phase,
            condition: .literal(.bool(true), type: .boolean))
        if let when = declaration.when {
            guard let condition = condition(when, number, declaration, phase) else { return }
            rule.condition = condition
        }
        for (key, action) in declaration.actions {
            rule.values.append([])
            rule.templates.append([])
            bind(action, key, &rule)
        }
        bound.append(rule)
    }

    /// The earliest phase in which all of a rule's actions can stand.
    private mutating func phase(of rule: RuleDeclaration, _ number: Int) -> RulePhase? {
        if rule.actions.isEmpty, !rule.stops {
            report(number, "", "the rule does nothing; give it an action (docs/rules.md)")
            return nil
        }
        if let phase = rule.phase {
            for (key, action) in rule.actions where !action.phases.contains(phase) {
                let places = action.phases.map(\.rawValue).joined(separator: " or ")
                report(number, key, "\(key) has no meaning in phase \(phase.rawValue); it stands in \(places)")
                return nil
            }
            return phase
        }
        let possible = RulePhase.allCases.filter { phase in rule.actions.allSatisfy { $0.action.phases.contains(phase) }
        }
        if possible.isEmpty {
            report(number, "", "its actions belong to different phases; make a rule of each")
        }
        return possible.first
    }

    /// The first answer ends the phase, so that a second would never be given.
    private mutating func answersOnce(_ rule: RuleDeclaration, _ number: Int) -> Bool {
        let answers = rule.actions.filter { $0.action.isTerminal }
        guard answers.count > 1 else { return true }
        report(
            number, answers[1].key,
            "a rule answers once, and \(answers[0].key) answers already: keep one of them, or make a rule of each")
        return false
    }

    private mutating func condition(
        _ text: String, _ number: Int, _ declaration: RuleDeclaration, _ phase: RulePhase
    ) -> BoundExpression? {
        do throws(SQLError) {
            let condition = try binder.condition(text)
            return isKnown(condition, in: phase, number, declaration, "when") ? condition : nil
        } catch {
            report(number, "when", error)
            return nil
        }
    }

    /// Whether nothing of the answer is asked before there is one.
    private mutating func isKnown(
        _ expression: BoundExpression, in phase: RulePhase, _ number: Int, _ declaration: RuleDeclaration,
        _ key: String
    ) -> Bool {
        guard !phase.knowsResponse else { return true }
        var early: String?
        forEachColumn(expression) { column in
            if column < binder.fields.count {
                if RuleField.allCases[column].isOfResponse { early = RuleField.allCases[column].rawValue }
            } else if case .keyed(RuleKeyed.responseHeader.rawValue, let name) = binder.lookups[
                column - binder.fields.count]
            {
                early = "response.headers['\(name)']"
            }
        }
        guard let early else { return true }
        report(
            number, key,
            "\(early) is not known in phase \(phase.rawValue): the answer has not come; "
                + laterPhases(of: declaration))
        return false
    }

    /// What to write instead for a rule that asks for the answer.
    private func laterPhases(of rule: RuleDeclaration) -> String {
        let phases = RulePhase.allCases.filter { phase in
            phase.knowsResponse && rule.actions.allSatisfy { $0.action.phases.contains(phase) }
        }
        switch phases {
        case []:
            let place = rule.actions.first { !$0.action.phases.contains(where: \.knowsResponse) } ?? rule.actions.first
            return place.map { "\($0.key) can't stand in a phase that knows it" } ?? "write phase: fetch or deliver"
        case [.error]: return "write phase: error, which is asked for the edge's own answers only"
        default: return "write phase: " + phases.filter { $0 != .error }.map(\.rawValue).joined(separator: " or ")
        }
    }

    /// Also those that tables are asked with.
    func forEachColumn(_ expression: BoundExpression, _ visit: (Int) -> Void) {
        expression.forEachColumn { column in
            visit(column)
            if column >= binder.fields.count, case .table(_, let value) = binder.lookups[column - binder.fields.count] {
                forEachColumn(value, visit)
            }
        }
    }

    /// - Parameter column: of the text's beginning in what was written.
    mutating func value(
        _ text: String, _ type: SQLType, _ key: String, _ rule: inout BoundRule, column: Int = 1
    ) {
        do throws(SQLError) {
            let value = try binder.value(text, as: type)
            if isKnown(value, in: rule.phase, rule.number, rule.declaration, key) {
                rule.values[rule.values.count - 1].append(value)
            }
        } catch {
            report(rule.number, key, error, column: column)
        }
    }

    mutating func template(_ text: String, _ key: String, _ rule: inout BoundRule) {
        let (parts, open) = RuleTemplate.split(text)
        if let open {
            report(rule.number, key, "the brace of ${ is not closed", line: open.line, column: open.column)
            return
        }
        var template: [TemplatePart] = []
        for part in parts {
            switch part {
            case .text(let text): template.append(.text(text))
            case .expression(let text, let line, let column):
                do throws(SQLError) {
                    let value = try binder.value(text, as: .varchar)
                    guard isKnown(value, in: rule.phase, rule.number, rule.declaration, key) else { return }
                    template.append(.value(value))
                } catch {
                    report(rule.number, key, error, line: line, column: column)
                }
            }
        }
        rule.templates[rule.templates.count - 1].append(template)
    }
}

extension RuleDeclaration.Action {
    /// Where it can stand.
    var phases: [RulePhase] {
        switch self {
        case .respond: [.receive, .miss, .error]
        case .redirect, .throttle, .origin, .canary: [.receive, .miss]
        case .rewrite, .stripQuery, .sortQuery, .cacheKey, .compress, .esi: [.receive]
        case .setHeader, .addHeader, .dropHeader: RulePhase.allCases
        case .timeToLive, .grace, .bypass, .tags: [.receive, .fetch]
        }
    }

    /// The client is answered, so nothing after it happens.
    var isTerminal: Bool {
        switch self {
        case .respond, .redirect: true
        default: false
        }
    }

    /// What it decides once and for all, of which the last one counts; nil for what adds up.
    var target: String? {
        switch self {
        case .rewrite: "the path"
        case .setHeader(let name, _): "header \(name.lowercased())"
        case .cacheKey(_, let replaces): replaces ? "the cache key" : nil
        case .timeToLive: "ttl"
        case .grace: "grace"
        case .origin, .canary: "the origin"
        case .compress: "compress"
        case .esi: "esi"
        default: nil
        }
    }
}
