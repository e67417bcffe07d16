import Bytes
public import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Goes the way of a request (docs/edge.md) with the code that serves requests, and does nothing on it: no origin is asked,
/// no throttle and no count sees it. Without I/O.
public struct RequestExplainer {
    let settings: EdgeSettings
    let cache: ResponseCache
    let isLive: Bool
    /// Microseconds since 1970.
    let now: Int64
    let runner: RuleRunner?
    var question: RequestQuestion
    var subject = RuleSubject()
    var head = RequestHead()
    var decisions = RuleDecisions()
    var explanation: RequestExplanation

    /// - Parameters:
    ///   - cache: of the server that is asked; nil is a server that has just started.
    ///   - now: microseconds since 1970.
    public init(_ question: RequestQuestion, settings: EdgeSettings, cache: ResponseCache?, now: Int64) {
        self.question = question
        self.settings = settings
        self.cache = cache ?? ResponseCache(settings: settings.cacheSettings)
        self.now = now
        isLive = cache != nil
        runner = settings.rules.set.map {
            RuleRunner(
                $0, settings: settings.rules, throttle: ThrottleTable(keys: 1), geography: settings.esi.geography)
        }
        explanation = RequestExplanation(method: question.method, url: question.url, isLive: isLive)
        decisions.trace = RuleTrace()
        decisions.trace?.isRehearsal = true
    }

    /// - Throws: what is wrong with the question; what the edge would refuse is an explanation.
    public mutating func explain() throws(RequestQuestion.Fault) -> RequestExplanation {
        if try takeRequest() { try goOn() }
        tellRules()
        return explanation
    }

    // MARK: The request

    /// - Returns: whether the edge would not refuse it for its form.
    private mutating func takeRequest() throws(RequestQuestion.Fault) -> Bool {
        let (bytes, isSecure) = try question.text()
        var parser = RequestParser(limits: settings.wireLimits)
        do throws(WireError) {
            let step = try parser.parse(bytes.span, into: &head)
            guard step.isComplete, step.consumed == bytes.count else {
                throw WireError(.malformedField, "an empty line in the head")
            }
        } catch {
            refuse(error.status, "\(error)")
            return false
        }
        let isTrusted = settings.trustedProxies.contains { $0.contains(question.client) }
        explanation.dropped = settings.untrusted.strip(&head, isTrusted: isTrusted).map {
            String(decoding: $0, as: UTF8.self)
        }
        let client = isTrusted ? head.block.namedClient(settings.trustedProxies) ?? question.client : question.client
        subject.isSecure = isTrusted ? head.block.isToldSecure ?? isSecure : isSecure
        subject.clientHigh = client.high
        subject.clientLow = client.low
        subject.clientPort = client.port
        subject.wallMicroseconds = now
        if head.method == .trace { refuse(405, "TRACE is not allowed") }
        return head.method != .trace
    }

    private mutating func goOn() throws(RequestQuestion.Fault) {
        let asked = head.string(head.originTarget)
        run(.receive)
        let target = head.string(head.originTarget)
        if target != asked { explanation.target = target }
        if let answer = decisions.answer { return answered(answer) }
        tellRoute()
        let isPast = decisions.isBypassed || !settings.cache.isEnabled || head.asksForUpgrade
        switch CacheUse(head.method, head.framing, isPast: isPast) {
        case .past(let reason):
            explanation.cache = .init(outcome: "pass", why: Self.pastCache(reason, decisions, settings))
            try ask()
        case .ask: try lookUp()
        }
    }

    mutating func run(_ phase: RulePhase, _ response: inout ResponseHead) {
        runner?.run(phase, subject, head: &head, response: &response, &decisions)
    }

    private mutating func run(_ phase: RulePhase) {
        var response = ResponseHead()
        run(phase, &response)
    }

    private mutating func tellRoute() {
        let hosts = HostTable(settings.origins)
        if let name = decisions.origin, let origin = settings.origins.first(where: { $0.name == name }) {
            return tellRoute(origin, "a rule chose it")
        }
        guard let index = hosts.route(host: head.slice(head.host)) else { return }
        let origin = settings.origins[index]
        let host = head.string(head.host)
        tellRoute(origin, origin.hosts.isEmpty ? "no origin names the host \(host)" : "it serves the host \(host)")
    }

    private mutating func tellRoute(_ origin: EdgeOrigin, _ why: String) {
        explanation.route = .init(origin: origin.name, endpoints: origin.endpoints.map(\.authority), why: why)
    }

    // MARK: The cache

    private mutating func lookUp() throws(RequestQuestion.Fault) {
        var key = CacheKey()
        decisions.set(&key, head, isHTTPS: subject.isSecure, cache)
        explanation.key = String(decoding: key.bytes.printable(from: 0), as: UTF8.self)
        let seconds = now / 1_000_000
        let decision = cache.rehearse(key: key, request: head, now: seconds)
        let known = cache.inspect(key: key, request: head, now: seconds)
        var facts = Self.facts(decision, known)
        facts.stored = known.stored
        facts.variants = known.variants
        facts.isOnDisk = known.isOnDisk
        explanation.cache = facts
        switch decision {
        case .serve(let hit):
            if hit.refresh != nil { run(.miss) }
            decisions.answer = nil
            deliver(hit, now: seconds)
        case .refuse: refuse(504, "nothing stored, and the client wants nothing else")
        case .wait, .load: break
        case .fetch, .pass: try ask()
        }
    }

    /// The rules of deliver see what is stored as it would be sent.
    private mutating func deliver(_ hit: CacheHit, now: Int64) {
        var writer = HeadWriter()
        let (status, _) = hit.writeHead(
            to: &writer, hit.plan(for: head, now: now, settings: settings.cacheSettings), isHead: head.method == .head,
            signature: settings.cacheSettings.signature, boundary: 1)
        subject.cacheStatus = hit.kind == .stale ? .stale : hit.kind == .collapsed ? .collapsed : .hit
        subject.cacheAge = hit.age
        guard let line = writer.bytes.firstIndex(of: 0x0A) else { return }
        deliver(status, Array(writer.bytes[(line + 1)...]), from: "the cache")
    }

    mutating func deliver(_ status: Int, _ lines: [UInt8], from source: String) {
        var response = ResponseHead()
        response.status = status
        response.block = HeaderBlock(fieldLines: lines.span)
        run(.deliver, &response)
        tell(response, from: source)
    }

    mutating func tell(_ response: ResponseHead, from source: String) {
        explanation.answer = .init(
            status: response.status, from: source,
            headers: response.block.fields.map {
                "\(response.block.string($0.name)): \(response.block.string($0.value))"
            })
    }
}
