import HTTPCache
import HTTPWire

/// Past the cache: the origin, whose answer nobody knows, and the edge's own answers.
extension RequestExplainer {
    /// Phases miss, fetch and deliver.
    mutating func ask() throws(RequestQuestion.Fault) {
        var response = ResponseHead()
        let lookedUp = head
        run(.miss, &response)
        if let answer = decisions.answer { return answered(answer) }
        guard explanation.route != nil else { return refuse(421, "no origin serves this host") }
        subject.originName = explanation.route?.origin ?? ""
        subject.cacheStatus = explanation.cache?.outcome == "pass" ? .bypass : .miss
        guard let answer = question.answer else {
            foresee(.fetch)
            return foresee(.deliver)
        }
        response = try RequestQuestion.head(of: answer)
        if response.status >= 500 { decisions.cache.lifetimeSeconds = nil }
        run(.fetch, &response)
        tellStorage(response, lookedUp)
        run(.deliver, &response)
        tell(response, from: "the origin, as was assumed")
    }

    /// Whether the answer would be kept.
    /// - Parameter request: as it was looked up.
    private mutating func tellStorage(_ response: ResponseHead, _ request: RequestHead) {
        guard explanation.cache?.outcome != "pass" else { return }
        let storage = decisions.cache.storage(
            request: request, response: response, requestTime: now / 1_000_000, now: now / 1_000_000,
            rules: settings.cacheSettings.storageRules)
        switch storage {
        case .refuse(let reason): explanation.cache?.why += "; the answer would not be stored: \(reason)"
        case .store(let freshness):
            explanation.cache?.why += "; the answer would be stored, fresh for \(freshness.lifetime) s"
        }
    }

    /// A rule has answered.
    mutating func answered(_ answer: RuleDecisions.Answer) {
        decisions.answer = nil
        subject.cacheStatus = subject.cacheStatus ?? CacheOutcome.none
        deliver(answer.status, answer.lines, from: "a rule")
    }

    /// The edge answers with an error of its own.
    mutating func refuse(_ status: Int, _ why: String) {
        var response = ResponseHead(pageOf: status)
        let page = response.block
        run(.error, &response)
        if var answer = decisions.answer {
            answer.replace(page, ruled: response.block)
            return answered(answer)
        }
        tell(response, from: why)
    }

    /// A phase whose answer is not known: what asks for nothing of it fires or doesn't, the rest depends.
    private mutating func foresee(_ phase: RulePhase) {
        guard let runner, let set = settings.rules.set, let rules = set.phases[phase.index] else { return }
        let entries = runner.foresee(phase, rules, subject, head)
        explanation.rules += entries.map { Self.rule($0, set) }
    }

    // MARK: Rules

    /// What was taken down of them, in the order of the phases.
    mutating func tellRules() {
        guard let set = settings.rules.set, let trace = decisions.trace else { return }
        let asked = trace.entries.map { Self.rule($0, set) }
        let foreseen = explanation.rules
        explanation.rules = asked + foreseen
        let phases = Set(explanation.rules.map(\.phase))
        for number in set.names.indices where !phases.contains(set.rulePhases[number].rawValue) {
            let phase = set.rulePhases[number]
            explanation.rules.append(
                .init(phase: phase.rawValue, name: set.names[number], verdict: "not asked", why: why(phase)))
        }
        let order = Dictionary(uniqueKeysWithValues: RulePhase.allCases.map { ($0.rawValue, $0.index) })
        let sorted = explanation.rules.enumerated().sorted { left, right in
            let (a, b) = (order[left.element.phase] ?? 0, order[right.element.phase] ?? 0)
            return a == b ? left.offset < right.offset : a < b
        }
        explanation.rules = sorted.map(\.element)
    }

    /// Why a phase was not reached.
    private func why(_ phase: RulePhase) -> String {
        switch phase {
        case .receive: "the request is refused before"
        case .miss, .fetch: explanation.answer == nil ? "what comes first is not known" : "no origin is asked"
        case .deliver: "what comes first is not known"
        case .error: "the edge has no error to answer with"
        }
    }

    static func rule(_ entry: RuleTrace.Entry, _ set: RuleSet) -> RequestExplanation.Rule {
        var rule = RequestExplanation.Rule(
            phase: entry.phase.rawValue, name: set.names[entry.rule], verdict: "", did: entry.deeds)
        let condition = set.conditions[entry.rule] ?? "TRUE"
        let values = entry.values.map { "\($0.name) = \($0.value ?? "NULL")" }.joined(separator: ", ")
        let said = values.isEmpty ? condition : "\(condition), where \(values)"
        switch entry.verdict {
        case .fired: rule.verdict = "fired"
        case .isFalse: (rule.verdict, rule.why) = ("false", said)
        case .isUnknown: (rule.verdict, rule.why) = ("unknown", said)
        case .failed(let message): (rule.verdict, rule.why) = ("failed", "\(message): \(said)")
        case .notAsked(let other): (rule.verdict, rule.why) = ("not asked", "\(set.names[other]) ended the phase")
        case .depends: (rule.verdict, rule.why) = ("depends", "on the answer: \(said)")
        }
        return rule
    }
}

extension RuleRunner {
    /// What rules of a phase would come to whatever the answer is.
    func foresee(
        _ phase: RulePhase, _ rules: RuleSet.Phase, _ subject: RuleSubject, _ head: RequestHead
    ) -> [RuleTrace.Entry] {
        var decisions = RuleDecisions()
        decisions.trace = RuleTrace()
        test(phase, rules, subject, head, &decisions)
        var entries = decisions.trace?.entries ?? []
        var end: Int?
        var isSure = true
        for (index, rule) in rules.rules.enumerated() {
            let name = set.names[rule.number]
            let asksAnswer = rules.needs(of: index).contains { rules.fills[Int($0)].isOfResponse }
            if asksAnswer {
                let values = zip(entries[index].values, rules.needs(of: index)).filter {
                    !rules.fills[Int($1)].isOfResponse
                }.map(\.0)
                entries[index] = RuleTrace.Entry(
                    rule: rule.number, name: name, phase: phase, verdict: .depends, values: values)
            } else if entries[index].verdict == .fired, let end, isSure {
                entries[index] = RuleTrace.Entry(
                    rule: rule.number, name: name, phase: phase, verdict: .notAsked(after: end))
            }
            guard rule.stops, end == nil, asksAnswer || entries[index].verdict == .fired else { continue }
            end = rule.number
            isSure = !asksAnswer
        }
        return entries
    }
}

extension RuleFill {
    var isOfResponse: Bool {
        switch source {
        case .field(let field): field.isOfResponse
        case .keyed(let keyed, _, _): keyed == .responseHeader
        }
    }
}
