import Reactor

/// The way to one certificate (RFC 8555, 7): what to ask the authority next, given its last answer. No I/O.
struct ACMEOrder {
    enum Action: Equatable {
        case get(String)
        /// For its `Replay-Nonce` alone.
        case head(String)
        /// - Parameter payload: JSON; empty for a POST that only reads.
        case post(String, payload: String)
        /// Lets the edge answer a challenge, then go on with `published`.
        case publish(token: String, answer: String)
        /// Go on with `waited` after so long.
        case wait(milliseconds: Int)
        /// A chain in PEM.
        case done([UInt8])
        case failed(ACMEFailure)
    }

    private enum State {
        case directory, nonce, account, order, authorization, challenge, settling, finalizing, issuing, download
    }

    /// Times that an authorization or an order is asked for before it counts as stuck.
    private let maximumPolls: Int
    private static let maximumBadNonces = 5

    let directoryURL: String
    let names: [String]
    let contact: String?
    /// The request for the certificate, in DER.
    let request: [UInt8]
    private(set) var signer: ACMESigner
    private(set) var nonce = ""

    private var state = State.directory
    private var directory: [String: String] = [:]
    private var orderURL = ""
    private var finalizeURL = ""
    private var authorizations: [String] = []
    private var challengeURL = ""
    private var polls = 0
    private var badNonces = 0
    private var last: Action?

    init(
        directoryURL: String, names: [String], contact: String?, request: [UInt8], key: TLSSigningKey,
        external: ExternalAccount? = nil, maximumPolls: Int = 60
    ) {
        self.directoryURL = directoryURL
        self.names = names
        self.contact = contact
        self.request = request
        self.maximumPolls = maximumPolls
        signer = ACMESigner(key: key, external: external)
    }

    mutating func start() -> Action { .get(directoryURL) }

    /// The challenge can be answered now.
    mutating func published() -> Action {
        state = .challenge
        return post(challengeURL, "{}")
    }

    mutating func waited() -> Action { post(state == .settling ? authorizations[0] : orderURL, "") }

    mutating func received(_ reply: ACMEReply) -> Action {
        if let nonce = reply.nonce { self.nonce = nonce }
        if let problem = reply.problem {
            if problem == "badNonce", badNonces < ACMEOrder.maximumBadNonces, let last {
                badNonces += 1
                return last
            }
            return fail(problem, reply.text("detail") ?? "", retryAfter: reply.retryAfterSeconds)
        }
        switch state {
        case .directory: return readDirectory(reply)
        case .nonce:
            return askForAccount()
        case .account:
            guard let account = reply.location else { return fail("malformed", "an account without a URL") }
            signer.account = account
            state = .order
            let identifiers = names.map { "{\"type\":\"dns\",\"value\":\(JSONQuote.text($0))}" }
            return post(directory["newOrder"], "{\"identifiers\":[\(identifiers.joined(separator: ","))]}")
        case .order: return readOrder(reply)
        case .authorization, .settling: return readAuthorization(reply)
        case .challenge:
            state = .settling
            return wait(reply)
        case .finalizing, .issuing: return readIssue(reply)
        case .download: return .done(reply.body)
        }
    }

    private mutating func readDirectory(_ reply: ACMEReply) -> Action {
        for (key, value) in reply.document { if let url = value as? String { directory[key] = url } }
        guard let url = directory["newNonce"], directory["newAccount"] != nil, directory["newOrder"] != nil else {
            return fail("malformed", "\(directoryURL) is no directory of an ACME server")
        }
        state = .nonce
        return .head(url)
    }

    private mutating func askForAccount() -> Action {
        state = .account
        var members = "\"termsOfServiceAgreed\":true"
        if let contact { members += ",\"contact\":[\(JSONQuote.text(contact))]" }
        do throws(TLSError) {
            if let binding = try signer.binding(url: directory["newAccount"] ?? "") {
                members += ",\"externalAccountBinding\":\(binding)"
            }
        } catch {
            return fail("key", "\(error)")
        }
        return post(directory["newAccount"], "{\(members)}")
    }

    private mutating func readOrder(_ reply: ACMEReply) -> Action {
        guard let url = reply.location, let finalize = reply.text("finalize"),
            let list = reply.document["authorizations"] as? [String]
        else { return fail("malformed", "an order without its URLs") }
        orderURL = url
        finalizeURL = finalize
        authorizations = list
        return nextAuthorization()
    }

    private mutating func nextAuthorization() -> Action {
        polls = 0
        guard let url = authorizations.first else {
            state = .finalizing
            return post(finalizeURL, "{\"csr\":\"\(Base64URL.text(request))\"}")
        }
        state = .authorization
        return post(url, "")
    }

    private mutating func readAuthorization(_ reply: ACMEReply) -> Action {
        let challenges = reply.document["challenges"] as? [[String: Any]] ?? []
        let challenge = challenges.first { $0["type"] as? String == "http-01" }
        switch reply.text("status") {
        case "valid":
            authorizations.removeFirst()
            return nextAuthorization()
        case "pending" where state == .settling: return wait(reply)
        case "pending":
            guard let token = challenge?["token"] as? String, let url = challenge?["url"] as? String,
                token.utf8.allSatisfy(ACMEOrder.isTokenByte), (1...256).contains(token.utf8.count)
            else { return fail("malformed", "no challenge of type http-01 is offered") }
            challengeURL = url
            do throws(TLSError) {
                return .publish(token: token, answer: try signer.keyAuthorization(token))
            } catch {
                return fail("key", "\(error)")
            }
        case let status:
            let error = challenge?["error"] as? [String: Any]
            let detail = error?["detail"] as? String ?? "the authorization is \(status ?? "without a status")"
            return fail((error?["type"] as? String)?.split(separator: ":").last.map(String.init) ?? "refused", detail)
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x5F
    }

    private mutating func readIssue(_ reply: ACMEReply) -> Action {
        switch reply.text("status") {
        case "valid":
            guard let url = reply.text("certificate") else {
                return fail("malformed", "an order without a certificate")
            }
            state = .download
            return post(url, "")
        case "processing", "ready", "pending":
            state = .issuing
            return wait(reply)
        default:
            let error = reply.document["error"] as? [String: Any]
            let detail = error?["detail"] as? String ?? "the order is \(reply.text("status") ?? "without a status")"
            return fail((error?["type"] as? String)?.split(separator: ":").last.map(String.init) ?? "refused", detail)
        }
    }

    private mutating func wait(_ reply: ACMEReply) -> Action {
        polls += 1
        guard polls <= maximumPolls else { return fail("stuck", "no decision after \(polls) questions") }
        return .wait(
            milliseconds: reply.retryAfterSeconds.map { min(max($0, 1), 60) * 1000 } ?? min(polls * 250, 5_000))
    }

    private mutating func post(_ url: String?, _ payload: String) -> Action {
        guard let url else { return fail("malformed", "a URL is missing") }
        let action = Action.post(url, payload: payload)
        last = action
        return action
    }

    private func fail(_ problem: String, _ detail: String, retryAfter: Int? = nil) -> Action {
        .failed(ACMEFailure(problem: problem, detail: detail, retryAfterSeconds: retryAfter))
    }
}

/// Why there is no certificate.
struct ACMEFailure: Error, Equatable, CustomStringConvertible {
    /// The authority's word (RFC 8555, 6.7), or ours.
    var problem: String
    var detail: String
    var retryAfterSeconds: Int?

    var description: String { detail.isEmpty ? problem : "\(problem): \(detail)" }
}

/// When to try for a certificate.
struct RenewalSchedule: Sendable {
    /// First pause after a failure; doubled by each further one up to the last.
    var firstPauseSeconds: Int64 = 60
    var lastPauseSeconds: Int64 = 12 * 3600
    /// More than authorities have rate limits for is a mistake that must not cost a certificate.
    var longestRetryAfterSeconds: Int64 = 7 * 86_400

    /// The moment to renew: before the end by `before`, or by a third of its life if that is shorter; up to a tenth of
    /// this span earlier, so that not all servers ask at once.
    /// - Parameter random: 0 to 1.
    static func renewal(_ facts: TLSCertificateFacts, beforeSeconds before: Int64, random: Double) -> Int64 {
        guard !facts.isSelfSigned else { return .min }
        let span = min(before, max(0, facts.end - facts.start) / 3)
        return facts.end - span - Int64(Double(span) * 0.1 * random)
    }

    /// Seconds until the next attempt.
    /// - Parameter failures: in a row, at least 1.
    func pause(after failures: Int, retryAfter: Int?, random: Double) -> Int64 {
        let doubled = firstPauseSeconds << Int64(min(failures - 1, 16))
        let jittered = Double(min(doubled, lastPauseSeconds)) * (0.8 + 0.4 * random)
        return max(Int64(jittered), min(Int64(retryAfter ?? 0), longestRetryAfterSeconds))
    }
}
