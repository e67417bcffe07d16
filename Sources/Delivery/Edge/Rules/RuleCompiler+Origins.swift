import SQL

/// Whether the cache's key tells the answers of different origins apart.
extension RuleCompiler {
    mutating func check(origin name: String, _ key: String, _ rule: BoundRule) {
        guard !origins.contains(name) else { return }
        report(
            rule.number, key,
            "there is no origin \(name); there \(origins.count == 1 ? "is" : "are") "
                + origins.sorted().joined(separator: ", "))
    }

    /// Once the cache was asked, an origin can't be told apart there any more.
    mutating func checkIsKeyed(_ key: String, _ rule: BoundRule) {
        guard rule.phase == .miss else { return }
        report(
            rule.number, key,
            RuleCompiler.keyIsSettled + "; leave phase out, or ask for nothing but the URL's path, scheme and domain")
    }

    private static let keyIsSettled =
        "in phase miss the cache's key is settled, and answers of different origins would be mixed up"

    /// Finds the phases in which a condition of the URL alone chooses the same origin for all requests of one key.
    /// - Precondition: all rules are bound.
    mutating func settleOrigins() {
        let received = bound.filter { $0.phase == .receive }
        let changesURL = received.contains { $0.declaration.actions.contains(where: \.action.changesTarget) }
        let replacesURL = received.contains { rule in
            rule.declaration.actions.contains {
                if case .cacheKey(_, replacesURL: true) = $0.action { true } else { false }
            }
        }
        for phase in [RulePhase.receive, .miss] {
            // In miss the URL is that of the key already.
            guard !replacesURL, phase == .miss || !changesURL else { continue }
            // What may end the phase before takes part in the choice.
            let mayEnd = bound.contains { $0.phase == phase && $0.declaration.stops && !isOfURL($0.condition) }
            if !mayEnd { phasesOfURL.insert(phase) }
        }
        checkMissOrigins()
    }

    private mutating func checkMissOrigins() {
        guard !phasesOfURL.contains(.miss) else { return }
        for rule in bound where rule.phase == .miss && isOfURL(rule.condition) {
            for (key, action) in rule.declaration.actions {
                guard case .origin = action else { continue }
                report(
                    rule.number, key,
                    RuleCompiler.keyIsSettled + ", since a cache_key takes the URL's place in it, or a rule with stop "
                        + "asks for more than the URL; leave phase out")
            }
        }
    }

    /// The key tells apart what the rule's choice of an origin depends on.
    func isToldByURL(_ rule: BoundRule) -> Bool {
        phasesOfURL.contains(rule.phase) && isOfURL(rule.condition)
    }

    /// Whether a condition is about nothing but the URL, as cache keys have it anyway. The query is none of it: what a
    /// response says about queries gives several of them one key (No-Vary-Search).
    func isOfURL(_ condition: BoundExpression) -> Bool {
        isOf(condition) { $0 != .query && $0.isOfURL }
    }

    /// Whether a condition reads nothing that a bare request for a URL has not, its query included.
    func isOfTarget(_ condition: BoundExpression) -> Bool {
        isOf(condition, orParameters: true) { $0.isOfURL }
    }

    private func isOf(
        _ condition: BoundExpression, orParameters: Bool = false, _ isMeant: (RuleField) -> Bool
    ) -> Bool {
        var isOf = condition.isRepeatable
        forEachColumn(condition) { column in
            if column < binder.fields.count {
                if !isMeant(RuleField.allCases[column]) { isOf = false }
            } else if orParameters,
                case .keyed(RuleKeyed.parameter.rawValue, _) = binder.lookups[column - binder.fields.count]
            {
                return
            } else {
                isOf = false
            }
        }
        return isOf
    }
}

extension RuleDeclaration.Action {
    /// It gives the request another path or query.
    var changesTarget: Bool {
        switch self {
        case .rewrite, .stripQuery, .sortQuery: true
        default: false
        }
    }
}
