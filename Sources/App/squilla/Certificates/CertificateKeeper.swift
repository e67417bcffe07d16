import Edge
import Foundation
import Glibc
import HTTPWire
import Reactor
import Runtime
import Settings

/// Gets the certificates of an ACME authority and renews them in time, on a thread of its own. What fails is tried again
/// later; a certificate that is there is never taken away.
final class CertificateKeeper: Sendable {
    private struct Entry {
        var names: [String]
        var dueSeconds: Int64
        var failures = 0
    }

    private struct State {
        var isStopping = false
        var isRunning = false
    }

    private let section: ACMESection
    private let store: CertificateStore
    private let edge: EdgeServer
    private let reload: @Sendable () throws -> Void
    private let transport: ACMETransport
    private let state = Monitor(State())

    /// - Parameter reload: lets the listeners read their certificates again.
    init(
        _ section: ACMESection, store: CertificateStore, edge: EdgeServer, reload: @escaping @Sendable () throws -> Void
    ) throws(SystemError) {
        self.section = section
        self.store = store
        self.edge = edge
        self.reload = reload
        transport = try ACMETransport(authoritiesFile: section.authorities, limits: section.limits)
    }

    func start(_ certificates: [[String]]) {
        state.update { $0.isRunning = true }
        Thread.start(name: "acme") { [self] in
            run(certificates.map { Entry(names: $0, dueSeconds: due($0)) })
            state.update { $0.isRunning = false }
        }
    }

    /// Returns when the thread has ended; an order under way is given up.
    func stop() {
        state.update { $0.isStopping = true }
        transport.interrupt()
        _ = state.wait { $0.isRunning ? nil : true }
        transport.stop()
    }

    private func due(_ names: [String]) -> Int64 {
        guard let facts = store.facts(of: names), store.covers(names) else { return .min }
        return RenewalSchedule.renewal(
            facts, beforeSeconds: Int64(section.renewBeforeMilliseconds / 1000), random: .random(in: 0...1))
    }

    private func run(_ entries: [Entry]) {
        var entries = entries
        while let index = entries.indices.min(by: { entries[$0].dueSeconds < entries[$1].dueSeconds }) {
            guard pause(untilSeconds: entries[index].dueSeconds) else { return }
            let names = entries[index].names
            do throws(ACMEFailure) {
                try renew(names)
                entries[index].failures = 0
                entries[index].dueSeconds = due(names)
                StandardError.write(line: "squilla: certificate for \(names.joined(separator: ", ")) is in use")
            } catch {
                if isStopping { return }
                entries[index].failures += 1
                let pause = schedule.pause(
                    after: entries[index].failures, retryAfter: error.retryAfterSeconds, random: .random(in: 0...1))
                entries[index].dueSeconds = now() + pause
                StandardError.write(
                    line: "squilla: no certificate for \(names.joined(separator: ", ")): \(error); the next attempt "
                        + "is in \(pause) s")
            }
        }
    }

    private var schedule: RenewalSchedule {
        RenewalSchedule(
            firstPauseSeconds: Int64(section.limits.firstPauseMilliseconds / 1000),
            lastPauseSeconds: Int64(section.limits.lastPauseMilliseconds / 1000),
            longestRetryAfterSeconds: Int64(section.limits.retryAfterMilliseconds / 1000))
    }

    private func now() -> Int64 { SystemClock().now() / 1_000_000 }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// False when the keeper is told to stop. Looks at the clock once a minute: it may be set.
    private func pause(untilSeconds due: Int64) -> Bool {
        while true {
            let left = due == .min ? 0 : due - now()
            let stops: Bool? = state.wait(timeoutNanoseconds: min(max(left, 0), 60) * 1_000_000_000) {
                $0.isStopping ? true : nil
            }
            if stops == true { return false }
            if left <= 0 { return true }
        }
    }

    // MARK: One order

    private func renew(_ names: [String]) throws(ACMEFailure) {
        let key: TLSSigningKey
        var order: ACMEOrder
        let external = try section.externalAccount.map { account throws(ACMEFailure) in try ExternalAccount(account) }
        do {
            key = try TLSSigningKey()
            order = ACMEOrder(
                directoryURL: section.directory, names: names, contact: section.contact,
                request: try key.request(for: names), key: try store.accountKey(), external: external,
                maximumPolls: section.limits.polls)
        } catch {
            throw ACMEFailure(problem: "key", detail: "\(error)")
        }
        var tokens: [String] = []
        defer { for token in tokens { edge.setChallenge(token, answer: nil) } }
        var action = order.start()
        while !isStopping {
            switch action {
            case .get(let url): action = order.received(try transport.send(.get, "GET", url, body: []))
            case .head(let url): action = order.received(try transport.send(.head, "HEAD", url, body: []))
            case .post(let url, let payload):
                let body: [UInt8]
                do throws(TLSError) {
                    body = try order.signer.body(payload, url: url, nonce: order.nonce)
                } catch {
                    throw ACMEFailure(problem: "key", detail: "\(error)")
                }
                action = order.received(try transport.send(.post, "POST", url, body: body))
            case .publish(let token, let answer):
                tokens.append(token)
                edge.setChallenge(token, answer: Array(answer.utf8))
                action = order.published()
            case .wait(let milliseconds):
                _ = state.wait(timeoutNanoseconds: Int64(milliseconds) * 1_000_000) { $0.isStopping ? true : nil }
                action = order.waited()
            case .done(let chain): return try keep(chain, key, names)
            case .failed(let failure): throw failure
            }
        }
        throw ACMEFailure(problem: "stopped", detail: "")
    }

    private func keep(_ chain: [UInt8], _ key: TLSSigningKey, _ names: [String]) throws(ACMEFailure) {
        guard let facts = TLSCertificateFacts(pem: chain), facts.end > now() else {
            throw ACMEFailure(problem: "malformed", detail: "the authority sent no certificate that is valid")
        }
        // What is stored is what the next start relies on.
        guard key.fits(pem: chain), TLSCertificateFacts.names(names, in: chain) else {
            throw ACMEFailure(problem: "malformed", detail: "the authority sent a certificate of another key or name")
        }
        do {
            try store.store(chain, key: key, for: names)
            try reload()
        } catch {
            throw ACMEFailure(problem: "storage", detail: "\(error)")
        }
    }
}
