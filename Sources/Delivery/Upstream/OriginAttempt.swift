import HTTPWire

/// One endpoint asked on behalf of a call. It holds the call, and the exchange holds it, until the attempt is over.
final class OriginAttempt: OriginHandler {
    let index: Int
    /// What it was charged as; nil for the first one.
    let charge: RetryBudget.Charge?
    let call: OriginCall
    let group: OriginGroup
    @exclusivity(unchecked) var exchange: OriginExchange?
    /// What the answer says of the endpoint, once it is there.
    @exclusivity(unchecked) var noted: OutlierDetector.Outcome?

    init(_ call: OriginCall, _ group: OriginGroup, index: Int, charge: RetryBudget.Charge?) {
        self.call = call
        self.group = group
        self.index = index
        self.charge = charge
    }

    func start(_ request: OriginRequest) {
        let exchange = OriginExchange(pool: group.pools[index], request: request, handler: self)
        self.exchange = exchange
        exchange.start()
    }

    var facts: OriginFacts {
        var facts = exchange?.facts ?? OriginFacts()
        facts.endpoint = group.endpointNames[index]
        facts.tier = group.tier
        return facts
    }

    var latency: Int64? {
        guard let facts = exchange?.facts, facts.firstByteAt > 0 else { return nil }
        return max(0, facts.firstByteAt - facts.sentAt)
    }

    private var isWinner: Bool { call.winner === self }

    // MARK: OriginHandler

    func originReady() {
        call.awaitsBody = true
        call.handler?.originReady()
    }

    func originRestarts() {
        call.awaitsBody = false
        call.handler?.originRestarts()
    }

    func originContinues() { call.handler?.originContinues() }

    func originCanTakeMore() { call.handler?.originCanTakeMore() }

    func originInterim(_ head: ResponseHead) {
        // Of two that are asked it isn't known yet whose answer counts.
        if call.attempts.count == 1 { call.handler?.originInterim(head) }
    }

    func originUpgraded(_ head: ResponseHead) {
        noted = .success
        call.isBodyGone = true
        call.winner = self
        call.handler?.originUpgraded(head)
    }

    func originResponded(_ head: ResponseHead) {
        noted = head.status >= 500 ? .serverError : .success
        if call.mayRepeat(status: head.status), call.goesElsewhere(from: self) { return }
        call.winner = self
        for other in call.attempts where other !== self { call.drop(other, nil) }
        call.handler?.originResponded(head)
    }

    func originBody(_ bytes: Span<UInt8>) { if isWinner { call.handler?.originBody(bytes) } }

    func originEnded(trailers: HeaderBlock) {
        let handler = call.handler
        call.drop(self, .success)
        call.close()
        handler?.originEnded(trailers: trailers)
    }

    func originFailed(_ error: UpstreamError) {
        if !isWinner, call.mayRepeat(error, self) {
            if call.goesElsewhere(from: self, error.outcome, error.charge) { return }
        } else if !isWinner, call.attempts.count > 1 {
            // A hedge is under way.
            return call.drop(self, error.outcome)
        }
        // An answer that breaks off is a failure, whatever its head said.
        if error.outcome != nil { noted = nil }
        call.drop(self, error.outcome)
        call.report(error)
    }
}

extension OriginCall {
    /// Drops an attempt and asks another endpoint. False, and nothing is done, if there is none to ask.
    func goesElsewhere(
        from attempt: OriginAttempt, _ outcome: OutlierDetector.Outcome? = nil, _ charge: RetryBudget.Charge = .load
    ) -> Bool {
        guard winner == nil, !isDone else { return false }
        if attempts.count > 1 {
            drop(attempt, outcome)
            return true
        }
        guard let next = nextEndpoint(charge) else { return false }
        drop(attempt, outcome)
        launch(next, charge)
        return true
    }

    /// Whether an answer of this status is worth another attempt.
    func mayRepeat(status: Int) -> Bool {
        group.standing.policy.retry.statuses.contains(status) && method.isIdempotent && !isBodyGone
    }

    /// Whether the request may be sent to another endpoint after this.
    func mayRepeat(_ error: UpstreamError, _ attempt: OriginAttempt) -> Bool {
        guard !isBodyGone else { return false }
        let retry = group.standing.policy.retry
        switch error.code {
        case .unresolved, .connectRefused, .connectTimeout, .tlsFailed, .markedDown, .poolFull, .poolTimeout,
            .refusedStream:
            return true
        case .reset, .closedEarly:
            return retry.onReset && method.isIdempotent && attempt.latency == nil
        case .firstByteTimeout: return retry.onTimeout && method.isIdempotent
        default: return false
        }
    }
}

extension UpstreamError {
    /// What it costs the origin to ask another endpoint after this.
    var charge: RetryBudget.Charge {
        switch code {
        case .unresolved, .connectRefused, .markedDown, .poolFull: .none
        default: .load
        }
    }

    /// What it says of the endpoint.
    var outcome: OutlierDetector.Outcome? {
        switch code {
        case .markedDown, .poolFull, .poolTimeout, .noEndpoint, .tooManyRequests: nil
        default: .failure
        }
    }
}
