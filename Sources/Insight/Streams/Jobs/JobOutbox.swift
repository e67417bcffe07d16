import Columns
import EventLog
import SQL
import Synchronization

/// The rows of a checkpoint on their way to their topics, one append after the other: what a crash leaves of them is
/// their beginning.
final class JobOutbox: Sendable {
    private enum Answer {
        case written
        case refused(LogError)
    }

    private struct State: Sendable {
        var waiting: [(batch: Batch, topic: String)] = []
        var isUnderWay = false
        var answer: Answer?
    }

    private let log: EventLog?
    private let state = Mutex(State())

    init(log: EventLog?) { self.log = log }

    var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }

    func add(_ batches: [Batch], to output: JobOutput) {
        guard case .topic(let topic) = output.sink else { return }
        state.withLock { state in state.waiting += batches.map { ($0, topic) } }
    }

    /// Takes note of what the log said and sends what is next.
    ///
    /// - Parameter wake: called from the log's thread when there is an answer.
    /// - Throws: `sink_failed` where trying again doesn't help.
    func advance(wake: @escaping @Sendable () -> Void) throws(SQLError) {
        let (refusal, next) = state.withLock { state -> ((LogError, String)?, (batch: Batch, topic: String)?) in
            switch state.answer {
            case .written:
                state.waiting.removeFirst()
                state.isUnderWay = false
            case .refused(let error):
                state.isUnderWay = false
                if !error.retryable {
                    state.answer = nil
                    return ((error, state.waiting.first?.topic ?? ""), nil)
                }
            case nil: break
            }
            state.answer = nil
            guard !state.isUnderWay, let next = state.waiting.first else { return (nil, nil) }
            state.isUnderWay = true
            return (nil, next)
        }
        if let (error, topic) = refusal { throw SQLError(writing: topic, error) }
        guard let next else { return }
        guard let log else { throw SQLError(code: .sinkFailed, message: "there is no event log to write to") }
        log.append(next.batch, to: next.topic, durability: .commit) { [weak self] result in
            self?.state.withLock { state in
                switch result {
                case .success: state.answer = .written
                case .failure(let error): state.answer = .refused(error)
                }
            }
            wake()
        }
    }
}
