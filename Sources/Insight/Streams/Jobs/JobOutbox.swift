import Columns
import EventLog
import SQL
import Synchronization

/// The rows of a checkpoint on their way out, one append or one sink after the other: what a crash leaves of an
/// output's rows is their beginning.
final class JobOutbox: Sendable {
    private enum Answer {
        case written
        case refused(LogError)
        case failed(SQLError)
    }

    private enum Delivery: Sendable {
        case append(EncodedRows, topic: String)
        case sink(SinkThread, SinkThread.Work)
    }

    private struct State: Sendable {
        var waiting: [Delivery] = []
        var isUnderWay = false
        var answer: Answer?
    }

    private enum Step {
        case nothing
        case begin(Delivery)
        case fail(SQLError)
    }

    private let log: EventLog?
    private let state = Mutex(State())
    private let sinks = Mutex<[SinkThread]>([])
    /// Held while something is given to the log: behind `close` nothing is.
    private let isClosed = Mutex(false)

    init(log: EventLog?) { self.log = log }

    var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }

    /// A sink outside of the log takes no rows for the time being.
    var isRefused: Bool { sinks.withLock { $0.contains { $0.isRefusing } } }

    var standing: [JobSinkState] { sinks.withLock { $0.map(\.standing) } }

    /// Starts a sink's thread.
    func open(_ sink: SinkThread, _ context: SinkContext) throws(SQLError) {
        try sink.start(context)
        sinks.withLock { $0.append(sink) }
    }

    func add(_ rows: JobOutput.Rows, to output: JobOutput, _ epoch: SinkEpoch) {
        let deliveries: [Delivery]
        switch (output.sink, rows) {
        case (.topic(let topic), .appends(let pieces)): deliveries = pieces.map { .append($0, topic: topic) }
        case (.outside(let sink), .batches(let batches)) where !batches.isEmpty:
            deliveries = [.sink(sink, .write(batches, epoch))]
        default: return
        }
        state.withLock { $0.waiting += deliveries }
    }

    /// Has a sink go on where a checkpoint left off.
    func resume(_ sink: SinkThread, _ saved: (firstOffset: Int64, batches: [Batch])?, _ epoch: SinkEpoch) {
        let work = SinkThread.Work.resume(
            epoch, position: saved?.firstOffset ?? 0, rows: saved?.batches ?? [])
        state.withLock { $0.waiting.append(.sink(sink, work)) }
    }

    /// Has the sinks close what they have open, behind what waits.
    func finish() {
        let all = sinks.withLock { $0 }
        state.withLock { state in state.waiting += all.map { .sink($0, .finish) } }
    }

    /// Ends the sinks' threads, whatever they are at, and gives nothing more to the log: the job's next run appends what of
    /// the checkpoint's rows is not in the topics then.
    func close() {
        isClosed.withLock { $0 = true }
        for sink in sinks.withLock({ $0 }) { sink.close() }
    }

    /// Takes note of what was said to the last delivery and begins the next.
    ///
    /// - Parameter wake: called from another thread when there is an answer.
    /// - Throws: `sink_failed` where trying again doesn't help.
    func advance(wake: @escaping @Sendable () -> Void) throws(SQLError) {
        switch state.withLock({ Self.step(&$0) }) {
        case .nothing: return
        case .fail(let error): throw error
        case .begin(.sink(let sink, let work)):
            sink.begin(work) { [weak self] error in
                self?.take(error.map { .failed($0) } ?? .written)
                wake()
            }
        case .begin(.append(let rows, let topic)):
            guard let log else { throw SQLError(code: .sinkFailed, message: "there is no event log to write to") }
            append(rows, to: topic, log, wake: wake)
        }
    }

    /// What follows of the log's is appended from its thread, so that none of it waits for the job to have a moment.
    private func append(
        _ rows: EncodedRows, to topic: String, _ log: EventLog, wake: @escaping @Sendable () -> Void
    ) {
        isClosed.withLock { isClosed in
            if isClosed { return }
            log.append(rows, to: topic, durability: .commit) { [weak self] result in
                switch result {
                case .success:
                    if let self, let (rows, topic) = state.withLock({ Self.nextAppend(&$0) }) {
                        return append(rows, to: topic, log, wake: wake)
                    }
                    self?.take(.written)
                case .failure(let error): self?.take(.refused(error))
                }
                wake()
            }
        }
    }

    /// The append behind the one that is written; `nil` where the job has to look what comes next.
    private static func nextAppend(_ state: inout State) -> (EncodedRows, String)? {
        guard state.waiting.count > 1, case .append(let rows, let topic) = state.waiting[1] else { return nil }
        state.waiting.removeFirst()
        return (rows, topic)
    }

    private func take(_ answer: Answer) { state.withLock { $0.answer = answer } }

    private static func step(_ state: inout State) -> Step {
        let answer = state.answer
        state.answer = nil
        if answer != nil { state.isUnderWay = false }
        switch answer {
        case .written: state.waiting.removeFirst()
        case .refused(let error) where !error.retryable:
            guard case .append(_, let topic)? = state.waiting.first else { break }
            return .fail(SQLError(writing: topic, error))
        case .failed(let error): return .fail(error)
        case .refused, nil: break
        }
        guard !state.isUnderWay, let next = state.waiting.first else { return .nothing }
        state.isUnderWay = true
        return .begin(next)
    }
}
