public import HTTPWire
public import Reactor

/// A request to an origin, whichever endpoint answers it: chooses one, tries others where that is safe, and hedges.
/// The handler hears one answer. Confined to the loop of its groups.
public final class OriginCall {
    /// Endpoints to be asked before others: those of the next tier are asked where all of this one fail.
    public struct Tier {
        public var group: OriginGroup
        /// What the request's head is for them, empty line included.
        public var head: [UInt8]
        /// Of what ``BalanceSettings/hashKey`` names; nil where the request has none.
        public var hash: UInt64?
        /// The endpoint that the client is bound to, see ``OriginGroup/id(of:)``.
        public var bound: UInt64?
        public var subset: String?

        public init(_ group: OriginGroup, head: [UInt8]) {
            self.group = group
            self.head = head
        }
    }

    let tiers: [Tier]
    let method: Method
    let framing: BodyFraming
    let isUpgrade: Bool
    /// See `OriginRequest`.
    public var takesTrailers = false
    /// See `OriginRequest`.
    public var isConditional = true
    /// The client that asks, for origins that want a PROXY header.
    @exclusivity(unchecked) public var client: ProxyHeader.Addresses?
    public var wantsClient: Bool { tiers.contains { $0.group.wantsClient } }
    @exclusivity(unchecked) var handler: (any OriginHandler)?
    @exclusivity(unchecked) private(set) var tier = 0
    @exclusivity(unchecked) private var ask = Balancer.Ask()
    @exclusivity(unchecked) var attempts = AttemptPair()
    /// The one whose answer the handler hears.
    @exclusivity(unchecked) var winner: OriginAttempt?
    @exclusivity(unchecked) private var retriesLeft = 0
    @exclusivity(unchecked) private var retries = 0
    @exclusivity(unchecked) private var hedges = 0
    /// The request's body is on its way and can't be had again.
    @exclusivity(unchecked) var isBodyGone = false
    /// The handler was told that the body may come.
    @exclusivity(unchecked) var awaitsBody = false
    @exclusivity(unchecked) private(set) var isDone = false
    @exclusivity(unchecked) private var hasBegun = false
    @exclusivity(unchecked) private var hedgeTimer: LoopTimer?
    @exclusivity(unchecked) private var last: (facts: OriginFacts, id: UInt64?) = (OriginFacts(), nil)

    /// The handler is held until the call is over.
    /// - Precondition: there is a tier.
    public init(
        _ tiers: [Tier], method: Method, framing: BodyFraming, isUpgrade: Bool = false, handler: any OriginHandler
    ) {
        self.tiers = tiers
        self.method = method
        self.framing = framing
        self.isUpgrade = isUpgrade
        self.handler = handler
        enter(0)
    }

    /// Of the origin, whichever tier answers.
    public var name: String { tiers[tiers.count - 1].group.name }

    var group: OriginGroup { tiers[tier].group }
    /// What is asked is a cache in front of the origin.
    var hasTierBehind: Bool { tier + 1 < tiers.count }

    private func enter(_ tier: Int) {
        self.tier = tier
        ask.tried = TriedHosts()
        ask.hash = tiers[tier].hash
        ask.bound = tiers[tier].bound.flatMap { group.index(of: $0) }
        ask.subset = tiers[tier].subset
        retriesLeft = group.standing.policy.retry.maximum
    }

    public func start() {
        guard tiers[0].group.budget.begin() else {
            return failLater(UpstreamError(.tooManyRequests, "too many requests to this origin", mayRetry: false))
        }
        hasBegun = true
        guard let index = choose() else {
            return failLater(UpstreamError(.noEndpoint, "no endpoint of the origin fits", mayRetry: false))
        }
        launch(index, nil)
        armHedge()
    }

    /// A caller of `start` must not be called back before it returns.
    private func failLater(_ error: UpstreamError) {
        let box = Confined(self)
        group.loop.execute { box.value.report(error) }
    }

    // MARK: For the handler

    /// What it cost so far: times and address of the attempt that counts, retries of all.
    public var facts: OriginFacts {
        var facts = counting?.facts ?? last.facts
        facts.retries += retries
        facts.hedges = hedges
        return facts
    }

    /// Of HTTP, in which the attempt that counts is answered.
    public var version: OriginVersion? { counting?.facts.version }

    /// The identity of the endpoint that answers, see ``OriginGroup/id(of:)``.
    public var endpointID: UInt64? { counting.map { $0.group.id(of: $0.index) } ?? last.id }

    private var counting: OriginAttempt? {
        if let winner, !winner.isDropped { return winner }
        return attempts.last
    }

    public func sendBody(_ bytes: Span<UInt8>) {
        isBodyGone = true
        counting?.sendBody(bytes)
    }

    public func finishBody(trailers: HeaderBlock) {
        isBodyGone = true
        counting?.finishBody(trailers: trailers)
    }

    public var isCongested: Bool { counting?.isCongested ?? true }
    public func pause() { counting?.pause() }
    public func resume() { counting?.resume() }

    /// Gives up; nothing more is reported.
    public func cancel() {
        guard !isDone else { return }
        let shown = counting
        if let shown {
            if let other = attempts.other(than: shown) { drop(other, nil) }
            drop(shown, nil)
        }
        close()
    }

    /// Ends a tunnel once what was sent has left; nothing more is reported.
    public func endTunnel() {
        guard !isDone, let winner else { return cancel() }
        // Before it is dropped, which would cancel it.
        winner.endTunnel()
        drop(winner, .success)
        close()
    }

    // MARK: Attempts

    func launch(_ index: Int, _ charge: RetryBudget.Charge?) {
        if awaitsBody { handler?.originRestarts() }
        awaitsBody = false
        ask.tried.insert(index)
        var request = OriginRequest(method: method, head: tiers[tier].head, framing: framing)
        request.isUpgrade = isUpgrade
        request.takesTrailers = takesTrailers
        request.isConditional = isConditional
        let group = self.group
        let attempt = OriginAttempt(self, group, index: index, charge: charge, consume request)
        attempts.append(attempt)
        group.began(index)
        attempt.start()
    }

    /// Takes an attempt out and notes how it ended.
    /// - Parameter outcome: nil where that says nothing about the endpoint.
    func drop(_ attempt: OriginAttempt, _ outcome: OutlierDetector.Outcome?) {
        guard !attempt.isDropped else { return }
        attempt.isDropped = true
        attempts.remove(attempt)
        if let charge = attempt.charge { tiers[0].group.budget.endRetry(charge) }
        attempt.group.ended(attempt.index, attempt.noted ?? outcome, latency: attempt.latency)
        attempt.cancel()
        last = (attempt.facts, attempt.group.id(of: attempt.index))
    }

    /// The first endpoint, of the first tier that has one.
    private func choose() -> Int? {
        while true {
            if let index = group.pick(ask), index != group.own { return index }
            guard hasTierBehind else { return nil }
            enter(tier + 1)
        }
    }

    /// Another endpoint after one that was not even asked. Where most are down and all of them are tried (see "Panic" in
    /// docs/balancing.md), it takes as many steps as there are to find the one that isn't.
    func nextUnasked() -> Int? {
        guard let index = choose(), !ask.tried.contains(index) else { return nil }
        return index
    }

    /// Another endpoint, if one is left and the budget allows.
    func nextEndpoint(_ charge: RetryBudget.Charge) -> Int? {
        guard retriesLeft > 0 || hasTierBehind, tiers[0].group.budget.beginRetry(charge) else { return nil }
        if retriesLeft == 0 { enter(tier + 1) } else { retriesLeft -= 1 }
        guard let index = choose(), !ask.tried.contains(index) else {
            tiers[0].group.budget.endRetry(charge)
            return nil
        }
        retries += 1
        return index
    }

    func report(_ error: UpstreamError) {
        guard !isDone else { return }
        let handler = self.handler
        close()
        handler?.originFailed(error)
    }

    func close() {
        isDone = true
        handler = nil
        // It holds the call.
        winner = nil
        hedgeTimer?.cancel()
        hedgeTimer = nil
        if hasBegun { tiers[0].group.budget.end() }
        hasBegun = false
    }

    // MARK: Hedging

    private func armHedge() {
        let delay = group.standing.policy.retry.hedgeMilliseconds
        guard delay > 0, framing.isEmpty, !isUpgrade, method.isIdempotent, group.pools.count > 1 else { return }
        hedgeTimer = LoopTimer(loop: group.loop) { [weak self] in self?.hedge() }
        hedgeTimer?.setDeadline(afterMilliseconds: delay)
    }

    private func hedge() {
        guard winner == nil, !isDone, attempts.count == 1, retriesLeft > 0, let index = nextEndpoint(.load) else {
            return
        }
        hedges += 1
        launch(index, .load)
    }
}
