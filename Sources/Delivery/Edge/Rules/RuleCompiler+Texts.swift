import SQL

/// What is wrong with the texts of actions as they are written, whatever the expressions in them will give.
extension RuleCompiler {
    mutating func check(path target: String, _ key: String, _ rule: BoundRule) {
        let parts = RuleTemplate.split(target).parts
        let isPath: Bool
        switch parts.first {
        case .text(let text)?: isPath = text.hasPrefix("/")
        case .expression?: isPath = true
        case nil: isPath = false
        }
        if !isPath || parts.contains(where: { $0.hasOctet { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "#") } }) {
            report(rule.number, key, "a path begins with / and has no blank and no #; write one such as /new/${…}")
        }
    }

    mutating func check(target: String, _ key: String, _ rule: BoundRule) {
        let parts = RuleTemplate.split(target).parts
        if target.isEmpty || parts.contains(where: { $0.hasOctet { $0 <= 0x20 || $0 == 0x7F } }) {
            report(
                rule.number, key,
                "a redirect's target is a URL without blanks, or a path, such as https://shop.example/${…}")
        }
    }

    mutating func check(parameters patterns: [String], _ key: String, _ rule: BoundRule) {
        for pattern in patterns {
            let name = pattern.hasSuffix("*") ? pattern.dropLast() : pattern[...]
            let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"&=#*".utf8.contains($0) }
            guard pattern.isEmpty || !isName else { continue }
            report(
                rule.number, key,
                "\"\(pattern)\" is no name of a parameter; a * stands only at the end, or alone for all of them")
        }
    }

    /// Where a `ttl` or a `grace` is no number of seconds.
    mutating func check(_ amount: RuleDeclaration.Amount, _ key: String, _ rule: inout BoundRule) {
        switch amount {
        case .seconds(let seconds): if seconds < 0 { reportAmount("is negative", key, rule) }
        case .computed(let text):
            let known = faults.count
            value(text, .bigint, key, &rule, column: RuleCompiler.openingColumns)
            guard faults.count == known, let seconds = rule.values.last?.last else { return }
            if let problem = problem(of: seconds, text) { reportAmount(problem, key, rule) }
        }
    }

    /// An expression stands behind `${`.
    private static let openingColumns = 3

    private mutating func reportAmount(_ problem: String, _ key: String, _ rule: BoundRule) {
        report(
            rule.number, key,
            "\(key) is a number of seconds, and this \(problem); write one such as 60, or CAST a text to BIGINT")
    }

    /// - Parameter seconds: the expression of `text`, cast if it is no BIGINT by itself.
    private mutating func problem(of seconds: BoundExpression, _ text: String) -> String? {
        // The cast hides the type; beside a second one, to another type, it shows.
        guard let shown = try? binder.value(text, as: .varchar) else { return "has no value that can be read" }
        switch (seconds, shown) {
        case (.cast(.literal(_, let type), _, _), _): return "is \(type.name)"
        case (.literal(.null, _), _): return "is NULL"
        case (.literal(.int64(let number), _), _) where number < 0: return "is negative"
        case (.literal, .literal(.bytes(let digits), _)):
            return digits.allSatisfy { $0 &- 0x30 < 10 || "+-.eE".utf8.contains($0) } ? nil : "is none"
        case (.cast(let inner, _, _), _) where inner == shown: return "is text"
        case (.cast(let inner, _, false), .cast(let same, _, false)) where inner == same:
            return inner.type.isNumeric ? nil : "is \(inner.type.name)"
        default: return nil
        }
    }

    // MARK: Warnings

    /// What a rule says about an answer that is not the cache's and an origin that is not asked.
    mutating func warnOfIdleActions(_ rule: BoundRule) {
        guard let answer = rule.declaration.actions.first(where: { $0.action.isTerminal })?.key else { return }
        for (key, action) in rule.declaration.actions where action.isOfOriginAnswer {
            report(
                rule.number, key, "has no effect: \(answer) answers, and neither the cache nor an origin is asked",
                isWarning: true)
        }
    }
}

extension RuleDeclaration.Action {
    /// About what the cache keeps and whom the edge asks for it.
    fileprivate var isOfOriginAnswer: Bool {
        switch self {
        case .timeToLive, .grace, .bypass, .tags, .cacheKey, .origin, .canary, .esi: true
        default: false
        }
    }
}

extension RuleTemplate.Source {
    /// Whether there is such an octet in it, if it is text.
    fileprivate func hasOctet(_ condition: (UInt8) -> Bool) -> Bool {
        if case .text(let text) = self { text.utf8.contains(where: condition) } else { false }
    }
}
