import SQL

/// What came of the rules that were asked, for whoever wants to know: `squilla explain-request`, the debug field.
struct RuleTrace {
    enum Verdict: Equatable {
        case fired
        case isFalse
        /// NULL, which fires no rule.
        case isUnknown
        /// Its condition can't be computed.
        case failed(String)
        /// The rule of this number ended the phase before.
        case notAsked(after: Int)
        /// It asks for an answer that is not there yet.
        case depends
    }

    struct Entry {
        let rule: Int
        /// Its name: after a reload the number may be another's.
        let name: String
        let phase: RulePhase
        let verdict: Verdict
        /// What the condition read, in no order; nil for NULL.
        var values: [(name: String, value: String?)] = []
        /// What its actions did, or why one did nothing.
        var deeds: [String] = []
    }

    private(set) var entries: [Entry] = []
    /// Nothing that others see is changed: throttles are not asked.
    var isRehearsal = false

    mutating func note(_ entry: Entry) { entries.append(entry) }

    /// Of the rule that fired last.
    mutating func did(_ deed: String) {
        if let last = entries.indices.last { entries[last].deeds.append(deed) }
    }
}

extension RuleRunner {
    /// Takes down what became of a rule's condition.
    /// - Precondition: what it reads is filled in.
    func trace(
        _ phase: RulePhase, _ rules: RuleSet.Phase, _ index: Int, _ outcome: Result<Bool?, SQLError>,
        _ decisions: inout RuleDecisions
    ) {
        let verdict: RuleTrace.Verdict
        switch outcome {
        case .success(true?): verdict = .fired
        case .success(false?): verdict = .isFalse
        case .success(nil): verdict = .isUnknown
        case .failure(let error): verdict = .failed(error.message)
        }
        let number = rules.rules[index].number
        var entry = RuleTrace.Entry(rule: number, name: set.names[number], phase: phase, verdict: verdict)
        for fill in rules.needs(of: index) {
            let column = rules.fills[Int(fill)]
            entry.values.append((column.name, values.description(of: column.column, as: column.type)))
        }
        decisions.trace?.note(entry)
    }

    /// Takes down those that were not asked because one ended the phase.
    func traceRest(_ phase: RulePhase, _ rules: RuleSet.Phase, after index: Int, _ decisions: inout RuleDecisions) {
        for later in rules.rules[(index + 1)...] {
            decisions.trace?.note(
                RuleTrace.Entry(
                    rule: later.number, name: set.names[later.number], phase: phase,
                    verdict: .notAsked(after: rules.rules[index].number)))
        }
    }
}

extension RuleFill {
    /// As it is written in conditions.
    var name: String {
        switch source {
        case .field(let field): field.rawValue
        case .keyed(let keyed, let name, _):
            "\(keyed.binding.name)['\(String(decoding: name, as: UTF8.self))']"
        }
    }

    var type: SQLType {
        switch source {
        case .field(let field): field.type
        case .keyed: .varchar
        }
    }
}
