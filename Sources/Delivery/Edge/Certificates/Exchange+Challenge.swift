import Bytes
import HTTPWire
import Synchronization

/// Answers to an authority that checks whether this edge answers for a host (RFC 8555, 8.3).
final class ChallengeTable: Sendable {
    static let prefix: [UInt8] = Array("/.well-known/acme-challenge/".utf8)

    private let answers = Mutex<[String: [UInt8]]>([:])
    /// Spares requests the lock while no order is under way.
    private let count = Atomic<Int>(0)

    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    func set(_ token: String, _ answer: [UInt8]?) {
        answers.withLock { answers in
            answers[token] = answer
            count.store(answers.count, ordering: .relaxed)
        }
    }

    func answer(_ token: String) -> [UInt8]? { answers.withLock { $0[token] } }
}

extension Exchange {
    /// Answers a request of the authority; false where it is none, or about a token of somebody else.
    func answersChallenge() -> Bool {
        guard head.method == .get || head.method == .head, head.framing.isEmpty, !worker.challenges.isEmpty,
            let token = challengeToken
        else { return false }
        guard let answer = worker.challenges.answer(token) else { return false }
        phase = .serving
        startResponse(status: 200, length: UInt64(answer.count)) { writer in
            writer.field("Content-Type", "application/octet-stream")
            writer.field("Cache-Control", "no-store")
            worker.writeDate(&writer)
        }
        if !skipsBody { sendBody(answer.span) }
        finishResponse()
        return true
    }
}

extension Exchange {
    /// What a path of the authority's ends in.
    private var challengeToken: String? {
        let head = self.head
        let path = head.slice(head.path)
        let prefix = ChallengeTable.prefix
        guard path.count > prefix.count, path.extracting(0..<prefix.count).equalsIgnoringCase(prefix.span) else {
            return nil
        }
        return String(decoding: [UInt8](path.extracting(prefix.count...)), as: UTF8.self)
    }
}

extension EdgeServer {
    /// What to answer at `/.well-known/acme-challenge/TOKEN`, whatever the host; nil takes it away.
    public func setChallenge(_ token: String, answer: [UInt8]?) { challenges.set(token, answer) }
}
