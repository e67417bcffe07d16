import HTTPCache
import HTTPWire

/// Where a URL that clients ask for lies, once rules have given it another path or query.
extension EdgeSettings {
    /// The most keys of one URL, since each rule that may fire can double them.
    private static let maximumPurgeKeys = 64

    /// The URL's own key, the one that the rules of receive make of a bare request for it, the one with every query
    /// rule applied, and those that rules about paths and queries make whether they fire or not, where their conditions
    /// ask for more than the URL: too much is purged rather than too little.
    func keys(of url: CacheKey) -> [CacheKey] {
        guard let set = rules.set, let phase = set.phases[RulePhase.receive.index],
            phase.rules.contains(where: \.changesTarget), let (head, isHTTPS) = url.request(wireLimits)
        else { return [url] }
        var keys = [url]
        func add(_ key: CacheKey) { if !keys.contains(key) { keys.append(key) } }
        let runner = RuleRunner(set, settings: rules, throttle: ThrottleTable(keys: 1), geography: esi.geography)
        var decisions = RuleDecisions()
        decisions.trace = RuleTrace()
        decisions.trace?.isRehearsal = true
        var subject = RuleSubject()
        subject.isSecure = isHTTPS
        var ruled = head
        var response = ResponseHead()
        runner.run(.receive, subject, head: &ruled, response: &response, &decisions)
        add(CacheKey(ruled, isHTTPS: isHTTPS))
        var tidied = head
        for action in phase.rules.flatMap(\.actions) {
            switch action {
            case .stripQuery(let query): query.strip(&tidied)
            case .sortQuery: RuleQuery.sort(&tidied)
            default: break
            }
        }
        add(CacheKey(tidied, isHTTPS: isHTTPS))
        // Those before each rule are asked with and without it.
        var heads = [(head: head, key: url)]
        for index in phase.rules.indices where phase.rules[index].changesTarget {
            for known in heads {
                guard keys.count < EdgeSettings.maximumPurgeKeys else { return keys }
                var other = known.head
                guard runner.retarget(index, phase, subject, &other) else { continue }
                let key = CacheKey(other, isHTTPS: isHTTPS)
                guard !heads.contains(where: { $0.key == key }) else { continue }
                heads.append((other, key))
                add(key)
            }
        }
        return keys
    }
}

extension CompiledRule {
    fileprivate var changesTarget: Bool { actions.contains(where: \.changesTarget) }
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
