import HTTPWire
import Reactor

/// One endpoint asked on behalf of a call. It holds the call, and the connection holds it, until the attempt is over.
final class OriginAttempt: OriginExchange {
    let index: Int
    /// What it was charged as; nil for the first one.
    let charge: RetryBudget.Charge?
    let call: OriginCall
    let group: OriginGroup
    /// What the answer says of the endpoint, once it is there.
    @exclusivity(unchecked) var noted: OutlierDetector.Outcome?
    /// The call has taken down what it cost.
    @exclusivity(unchecked) var isDropped = false

    init(
        _ call: OriginCall, _ group: OriginGroup, index: Int, charge: RetryBudget.Charge?,
        _ request: consuming OriginRequest
    ) {
        self.call = call
        self.group = group
        self.index = index
        self.charge = charge
        super.init(group.pools[index], consume request)
        facts.endpoint = group.endpoints[index]
    }

    var latency: Int64? {
        facts.firstByteAt > 0 ? max(0, facts.firstByteAt - facts.sentAt) : nil
    }

    override var client: ProxyHeader.Addresses? { call.client }

    private var isWinner: Bool { call.winner === self }

    // MARK: From the connection

    override func hearReady() {
        call.awaitsBody = true
        call.handler?.originReady()
    }

    override func hearRestart() {
        call.awaitsBody = false
        call.handler?.originRestarts()
    }

    override func hearContinue() { call.handler?.originContinues() }

    override func hearRoom() { call.handler?.originCanTakeMore() }

    override func hearInterim(_ head: ResponseHead) {
        // Of two that are asked it isn't known yet whose answer counts.
        if call.attempts.count == 1 { call.handler?.originInterim(head) }
    }

    override func hearUpgrade(_ head: ResponseHead) {
        noted = .success
        call.isBodyGone = true
        call.winner = self
        call.handler?.originUpgraded(head)
    }

    override func hear(_ head: ResponseHead) {
        noted = head.status >= 500 ? .serverError : .success
        if call.mayRepeat(status: head.status), call.goesElsewhere(from: self) { return }
        call.winner = self
        if let other = call.attempts.other(than: self) { call.drop(other, nil) }
        call.handler?.originResponded(head)
    }

    override func hear(_ body: Span<UInt8>) { if isWinner { call.handler?.originBody(body) } }

    override func hearEnd(_ trailers: HeaderBlock) {
        let handler = call.handler
        call.drop(self, .success)
        call.close()
        handler?.originEnded(trailers: trailers)
    }

    override func hearFailure(_ error: UpstreamError) {
        if !isWinner, call.mayRepeat(error, self) {
            if error.code == .markedDown, call.passesOver(self) { return }
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

    /// Asks another endpoint than one that is known to take no connection, which is no retry. False if there is none.
    func passesOver(_ attempt: OriginAttempt) -> Bool {
        guard winner == nil, !isDone, attempts.count == 1, let next = nextUnasked() else { return false }
        drop(attempt, nil)
        launch(next, nil)
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
        case .firstByteTimeout: return (retry.onTimeout || hasTierBehind) && method.isIdempotent
        // Of a cache in front of the origin: no reason not to ask that.
        case .malformedResponse: return hasTierBehind && method.isIdempotent
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
