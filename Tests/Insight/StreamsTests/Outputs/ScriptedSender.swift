import Synchronization

@testable import Streams

/// Answers requests as it is told to, at once and on the caller's thread.
final class ScriptedSender: HTTPSender {
    typealias Answer = Result<OutboundResponse, OutboundFailure>

    private struct State {
        var requests: [OutboundRequest] = []
        var held: [(OutboundRequest, @Sendable (Answer) -> Void)] = []
        var isHolding = false
    }

    private let state = Mutex(State())
    private let answer: @Sendable (OutboundRequest, Int) -> Answer

    /// - Parameter answer: takes the request and how many came before it.
    init(_ answer: @escaping @Sendable (OutboundRequest, Int) -> Answer) { self.answer = answer }

    var requests: [OutboundRequest] { state.withLock { $0.requests } }

    /// Requests that wait for `release`.
    var heldCount: Int { state.withLock { $0.held.count } }

    func hold() { state.withLock { $0.isHolding = true } }

    /// Answers what was held, the latest first.
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.isHolding = false
            return state.held
        }
        for (request, completion) in held.reversed() { completion(answer(request, 0)) }
    }

    func send(_ request: OutboundRequest, completion: @escaping @Sendable (Answer) -> Void) {
        let number = state.withLock { state -> Int? in
            state.requests.append(request)
            guard !state.isHolding else {
                state.held.append((request, completion))
                return nil
            }
            return state.requests.count - 1
        }
        if let number { completion(answer(request, number)) }
    }

    static func response(_ status: Int, _ body: String = "", retryAfter: Int? = nil) -> Answer {
        .success(OutboundResponse(status: status, retryAfterSeconds: retryAfter, body: Array(body.utf8)))
    }
}
