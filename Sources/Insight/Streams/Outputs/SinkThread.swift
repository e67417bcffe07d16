import Columns
import Runtime
import SQL

/// Writes a job's rows to a place outside of the log, on a thread of its own, since such places make one wait. One
/// piece of work is under way at a time; what is refused is tried again until it is taken or the run ends.
final class SinkThread: Sendable {
    enum Work: Sendable {
        /// Goes on where a checkpoint left off, and writes its rows unless they are there.
        case resume(SinkEpoch, position: Int64, rows: [Batch])
        case write([Batch], SinkEpoch)
        case finish
    }

    private struct State: Sendable {
        var work: Work?
        var completion: (@Sendable (SQLError?) -> Void)?
        var position: Int64 = 0
        var standing: JobSinkState
        var isRunning = false
        var isClosed = false
    }

    private enum Turn {
        case work(Work)
        case stop
    }

    /// Between two looks at the clock while nothing is written.
    private static let tickNanoseconds: Int64 = 200_000_000

    private let options: SinkOptions
    private let fields: [PlanField]
    private let state: Monitor<State>

    /// - Parameter target: the table's name.
    init(target: String, options: SinkOptions, fields: [PlanField]) {
        self.options = options
        self.fields = fields
        self.state = Monitor(State(standing: JobSinkState(target: target, connector: options.connector)))
    }

    /// As of the last work that was done.
    var position: Int64 { state.withLock { $0.position } }
    var standing: JobSinkState { state.withLock { $0.standing } }
    var isRefusing: Bool { state.withLock { $0.standing.refusal != nil } }

    /// Starts the thread.
    func start(_ context: SinkContext) throws(SQLError) {
        let writer = try options.makeWriter(fields, context)
        let isNew = state.withLock { state -> Bool in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isNew else { return }
        Thread.start(name: "sink") { [self] in run(writer, context.clock) }
    }

    /// Hands over a piece of work.
    ///
    /// - Parameter completion: called from the sink's thread when it is done, or with why it can't be.
    /// - Precondition: no other is under way.
    func begin(_ work: Work, completion: @escaping @Sendable (SQLError?) -> Void) {
        state.update { state in
            state.work = work
            state.completion = completion
        }
    }

    /// Ends the thread, whatever it is at; nothing is reported any more.
    func close() {
        state.update { state in
            state.isClosed = true
            state.work = nil
            state.completion = nil
        }
    }

    // MARK: The thread

    private func run(_ first: any SinkWriter, _ clock: any Clock) {
        var writer = first
        while true {
            let turn = state.wait(timeoutNanoseconds: Self.tickNanoseconds) { state -> Turn? in
                if state.isClosed { return .stop }
                return state.work.map { .work($0) }
            }
            switch turn {
            case .stop: return
            case nil: idle(&writer, clock)
            case .work(let work): carryOut(work, &writer, clock)
            }
        }
    }

    private func carryOut(_ work: Work, _ writer: inout any SinkWriter, _ clock: any Clock) {
        var pause = RetryPause()
        while !isClosed {
            do throws(SinkRefusal) {
                try apply(work, to: &writer)
                return done(work, position: writer.position)
            } catch {
                if error.hasProgressed { pause.reset() }
                let wait = pause.next(wished: error.pause)
                note(error, attempts: pause.attempts, clock)
                guard error.isRetryable else { return fail(error) }
                _ = state.wait(timeoutNanoseconds: wait * 1_000) { $0.isClosed ? true : nil }
            }
        }
    }

    private func apply(_ work: Work, to writer: inout any SinkWriter) throws(SinkRefusal) {
        switch work {
        case .resume(let epoch, let position, let rows):
            let isThere = try writer.resume(epoch, position: position)
            if !isThere, !rows.isEmpty { try writer.write(rows, epoch) }
        case .write(let rows, let epoch): try writer.write(rows, epoch)
        case .finish: try writer.finish()
        }
    }

    private func idle(_ writer: inout any SinkWriter, _ clock: any Clock) {
        do throws(SinkRefusal) {
            try writer.tick()
            let position = writer.position
            state.withLock { state in
                // Between two pieces of work nothing else moves the place.
                if state.work == nil { state.position = position }
                state.standing.refusal = nil
                state.standing.refusingSince = nil
                state.standing.attempts = 0
            }
        } catch {
            note(error, attempts: 1, clock)
        }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func done(_ work: Work, position: Int64) {
        let completion = state.update { state in
            if case .write(let rows, _) = work {
                state.standing.rows += Int64(rows.reduce(0) { $0 + $1.rowCount })
                state.standing.bytes += Int64(rows.reduce(0) { $0 + $1.memoryBytes })
            }
            state.position = position
            state.standing.refusal = nil
            state.standing.refusingSince = nil
            state.standing.attempts = 0
            state.work = nil
            defer { state.completion = nil }
            return state.completion
        }
        completion?(nil)
    }

    private func note(_ refusal: SinkRefusal, attempts: Int, _ clock: any Clock) {
        let now = clock.now()
        state.withLock { state in
            state.standing.refusal = refusal.message
            state.standing.refusingSince = state.standing.refusingSince ?? now
            state.standing.attempts = attempts
        }
    }

    private func fail(_ refusal: SinkRefusal) {
        let (completion, target) = state.update { state in
            state.work = nil
            defer { state.completion = nil }
            return (state.completion, state.standing.target)
        }
        completion?(SQLError(code: .sinkFailed, message: "\(target) takes no rows: \(refusal.message)"))
    }
}
