import HTTPCache
import HTTPWire

/// Where a URL that clients ask for lies, once rules have given it another path or query.
extension EdgeSettings {
    /// The URL's own key, the one that the rules of receive make of a bare request for it, and the one with every query rule
    /// applied, whatever its condition asks for: too much is purged rather than too little.
    func keys(of url: CacheKey) -> [CacheKey] {
        guard let set = rules.set, set.changesTarget, let (head, isHTTPS) = url.request(wireLimits) else {
            return [url]
        }
        var keys = [url]
        func add(_ head: RequestHead) {
            let key = CacheKey(head, isHTTPS: isHTTPS)
            if !keys.contains(key) { keys.append(key) }
        }
        let runner = RuleRunner(set, settings: rules, throttle: ThrottleTable(keys: 1), geography: esi.geography)
        var decisions = RuleDecisions()
        decisions.trace = RuleTrace()
        decisions.trace?.isRehearsal = true
        var subject = RuleSubject()
        subject.isSecure = isHTTPS
        var ruled = head
        var response = ResponseHead()
        runner.run(.receive, subject, head: &ruled, response: &response, &decisions)
        add(ruled)
        var tidied = head
        for action in set.phases[RulePhase.receive.index]?.rules.flatMap(\.actions) ?? [] {
            switch action {
            case .stripQuery(let query): query.strip(&tidied)
            case .sortQuery: RuleQuery.sort(&tidied)
            default: break
            }
        }
        add(tidied)
        return keys
    }
}

extension RuleSet {
    /// Rules give requests another path or query.
    fileprivate var changesTarget: Bool {
        phases[RulePhase.receive.index]?.rules.contains { rule in
            rule.actions.contains {
                switch $0 {
                case .rewrite, .stripQuery, .sortQuery: true
                default: false
                }
            }
        } ?? false
    }
}

extension CacheKey {
    /// A request for this URL; nil where it is none.
    fileprivate func request(_ limits: WireLimits) -> (head: RequestHead, isHTTPS: Bool)? {
        let isHTTPS = bytes.starts(with: "https://".utf8)
        let rest = bytes.dropFirst(isHTTPS ? 8 : 0)
        guard let slash = rest.firstIndex(of: 0x2F), !bytes.contains(0x0A) else { return nil }
        var text = Array("GET ".utf8) + rest[slash...]
        text += Array(" HTTP/1.1\r\nHost: ".utf8) + rest[..<slash] + Array("\r\n\r\n".utf8)
        var parser = RequestParser(limits: limits)
        var head = RequestHead()
        guard let step = try? parser.parse(text.span, into: &head), step.isComplete else { return nil }
        return (head, isHTTPS)
    }
}
