import Edge
import Runtime
import Synchronization

/// The sample site as a service of the edge's own HTTP stack. The site's thinking time passes on a thread of its own,
/// so that the loop never waits.
final class SampleOrigin: HTTPService {
    private let site: SampleSite
    private let failures: SampleFailures
    private let random: Mutex<Random>
    private let clock = SystemClock()
    private let delays = DelayedAnswers()

    init(seed: UInt64 = 16) {
        site = SampleSite(startSeconds: clock.now() / 1_000_000)
        failures = SampleFailures(start: clock.monotonicNanoseconds())
        random = Mutex(Random(seed: seed))
    }

    func handle(_ request: HTTPRequest, _ responder: Responder) {
        let asked = SampleRequest(
            method: request.method, path: request.path, query: request.query ?? "",
            ifNoneMatch: request.header("if-none-match"), ifModifiedSince: request.header("if-modified-since"),
            acceptLanguage: request.header("accept-language"), cookie: request.header("cookie"),
            surrogateCapability: request.header("surrogate-capability"), body: request.body)
        let now = clock.monotonicNanoseconds()
        let isFailing = failures.isFailing(at: now)
        var own = random.withLock { Random(seed: $0.next()) }
        let answer = site.answer(asked, isFailing: isFailing, random: &own)
        if answer.delayMilliseconds == 0 {
            Self.send(answer, responder)
        } else {
            delays.add(due: now + Int64(answer.delayMilliseconds) * 1_000_000) { Self.send(answer, responder) }
        }
    }

    private static func send(_ answer: SampleAnswer, _ responder: Responder) {
        let headers = answer.headers.map { ($0.name, $0.value) }
        if answer.status == 304 || answer.status == 204 {
            responder.start(status: answer.status, headers: headers)
            responder.finish()
        } else {
            responder.respond(status: answer.status, headers: headers, body: answer.body)
        }
    }
}

/// Runs actions when they are due, on one thread.
private final class DelayedAnswers: Sendable {
    private struct State: Sendable {
        var waiting: [(due: Int64, action: @Sendable () -> Void)] = []
        var isEnded = false
    }

    private let state: Monitor<State>

    init() {
        let state = Monitor(State())
        self.state = state
        Thread.start(name: "sample-delays") { Self.run(state) }
    }

    deinit { state.update { $0.isEnded = true } }

    /// - Parameter due: monotonic nanoseconds.
    func add(due: Int64, _ action: @escaping @Sendable () -> Void) {
        state.update { $0.waiting.append((due, action)) }
    }

    private static func run(_ state: Monitor<State>) {
        let clock = SystemClock()
        while true {
            let next: Int64?? = state.withLock { state in
                state.isEnded ? Optional<Int64?>.none : .some(state.waiting.map(\.due).min())
            }
            guard let due = next else { return }
            if let due, due > clock.monotonicNanoseconds() {
                // A little late is no harm, and takes the answers of one millisecond together.
                Pause.nanoseconds(min(5_000_000, due - clock.monotonicNanoseconds() + 300_000))
            } else if due == nil {
                _ = state.wait(timeoutNanoseconds: 1_000_000_000) { $0.waiting.isEmpty && !$0.isEnded ? nil : true }
            }
            let now = clock.monotonicNanoseconds()
            let ready = state.withLock { state in
                let ready = state.waiting.filter { $0.due <= now }
                if !ready.isEmpty { state.waiting.removeAll { $0.due <= now } }
                return ready
            }
            for entry in ready { entry.action() }
        }
    }
}
