import Columns
import Runtime
public import SQL
import Synchronization

/// One query in the pool. Its state is touched by the thread that runs its step, one at a time.
final class QueryTask: SteppedTask, @unchecked Sendable {
    /// Rows that the sink gets at once: what they become as text must stay small beside what may wait for a client.
    private static let rowsAtOnce = 1024
    /// Wall time that a step may take before others have their turn, nanoseconds.
    private static let sliceNanoseconds: Int64 = 10_000_000

    let control = QueryControl()
    private let request: QueryRequest
    private let service: QueryService
    private let sink: any QuerySink
    private let onDone: @Sendable () -> Void
    private let started: Int64

    private var prepared: PreparedQuery?
    private var subquery: QueryRun?
    /// What the sub-query that runs has given so far.
    private var subqueryRows: [Batch] = []
    private var run: QueryRun?
    /// Answers that the sink has not taken yet.
    private var pending: [Batch] = []
    /// Of the first of them, rows that it has.
    private var rowsDelivered = 0
    private var isPaused = false
    private var resumesSeen = 0
    private var rowsReturned = 0
    private var reported = QueryStatistics()
    private var lastReport: Int64 = 0
    private var isCut = false

    init(
        request: QueryRequest, service: QueryService, sink: any QuerySink, onDone: @escaping @Sendable () -> Void
    ) {
        self.request = request
        self.service = service
        self.sink = sink
        self.onDone = onDone
        self.started = service.clock.monotonicNanoseconds()
    }

    func step() -> StepResult {
        do throws(SQLError) {
            let result = try work()
            if result == .done { end(.success(statistics())) }
            return result
        } catch {
            end(.failure(error))
            return .done
        }
    }

    func abandon() { end(.failure(.cancelled)) }

    private func work() throws(SQLError) -> StepResult {
        if control.isCancelled { throw .cancelled }
        if isPaused {
            let resumes = control.resumeCount
            if resumes == resumesSeen {
                if let run { try checkTime(run) }
                report()
                return .wait
            }
            resumesSeen = resumes
            isPaused = false
        }
        let deadline = service.systemNanoseconds() + Self.sliceNanoseconds
        if run == nil {
            guard try prepare(until: deadline) else { return .again }
        }
        guard let run else { return .done }
        while true {
            if try !deliver() { return .wait }
            if run.isFinished || isCut { return .done }
            if control.isCancelled { throw .cancelled }
            let state = try run.advance()
            pending = run.query.output.drain()
            if state == .wait, pending.isEmpty {
                report()
                return .wait
            }
            try checkTime(run)
            if service.systemNanoseconds() >= deadline {
                report()
                return .again
            }
        }
    }

    /// Parses and binds, runs what sub-queries the query needs as values, and starts the query itself.
    ///
    /// - Returns: whether it has started; false when the time was up before.
    private func prepare(until deadline: Int64) throws(SQLError) -> Bool {
        if prepared == nil { prepared = try PreparedQuery(request: request, service: service) }
        guard var prepared else { return false }
        while case .needsAnswer(let plan) = prepared.binding {
            // A value is computed once, when the query starts, over what is stored.
            var stored = request
            stored.mode = .stored
            if subquery == nil {
                subquery = try QueryRun(
                    plan, of: prepared, request: stored, service: service, isSubquery: true, mayShare: false, wake: {})
            }
            guard let run = subquery else { return false }
            while !run.isFinished {
                if control.isCancelled { throw .cancelled }
                _ = try run.advance()
                subqueryRows += run.query.output.drain()
                try checkTime(run)
                if service.systemNanoseconds() >= deadline { return false }
            }
            run.close()
            subquery = nil
            let rows = subqueryRows
            subqueryRows = []
            try prepared.answer(rows)
            self.prepared = prepared
        }
        guard case .plan(let plan) = prepared.binding else { return false }
        let run = try QueryRun(
            plan, of: prepared, request: request, service: service, mayShare: true,
            wake: { [weak self] in self?.wake() })
        self.run = run
        sink.start(run.query.fields)
        return true
    }

    private func wake() { service.pool.wake(self) }

    /// Hands answers to the sink.
    ///
    /// - Returns: false when the sink wants no more for now.
    private func deliver() throws(SQLError) -> Bool {
        while let batch = pending.first {
            if control.isCancelled { throw .cancelled }
            let end = min(batch.rowCount, rowsDelivered + Self.rowsAtOnce, rowsDelivered + rowsLeft)
            isCut = rowsLeft < batch.rowCount - rowsDelivered && end == rowsDelivered + rowsLeft
            let piece = end - rowsDelivered == batch.rowCount ? batch : batch.slice(rowsDelivered..<end)
            rowsDelivered = end
            if end == batch.rowCount {
                pending.removeFirst()
                rowsDelivered = 0
            }
            rowsReturned += piece.rowCount
            // Taken before the call: the sink may resume while `receive` is still returning.
            resumesSeen = control.resumeCount
            if piece.rowCount > 0, !sink.receive(piece), control.resumeCount == resumesSeen {
                isPaused = true
                return false
            }
            if isCut { break }
        }
        pending = []
        return true
    }

    /// Rows that may still be returned.
    private var rowsLeft: Int { request.maximumRows.map { max(0, $0 - rowsReturned) } ?? .max / 2 }

    private func checkTime(_ run: QueryRun) throws(SQLError) {
        guard !run.isLive else { return }
        let own = request.timeLimitMilliseconds ?? .max
        let limit = min(own, service.limits.timeLimitMilliseconds)
        guard (service.clock.monotonicNanoseconds() - started) / 1_000_000 > Int64(limit) else { return }
        throw SQLError(
            code: .limitExceeded, message: "the query took longer than \(limit) ms",
            suggestion: "narrow the time range, or raise the setting query.timeout_ms")
    }

    private func statistics() -> QueryStatistics {
        var statistics = run?.statistics() ?? QueryStatistics()
        statistics.rowsReturned = rowsReturned
        statistics.isCut = isCut
        statistics.elapsedMicroseconds = (service.clock.monotonicNanoseconds() - started) / 1_000
        return statistics
    }

    /// Tells the sink of late and dropped rows, at most once a second.
    private func report() {
        guard let run, run.isLive else { return }
        let now = service.systemNanoseconds()
        guard now - lastReport >= 1_000_000_000 else { return }
        lastReport = now
        let current = statistics()
        guard
            current.lateRows != reported.lateRows || current.droppedRows != reported.droppedRows
                || current.sampledOutRows != reported.sampledOutRows
        else { return }
        count(current)
        sink.report(current)
    }

    /// Adds what is new to the service's totals.
    private func count(_ current: QueryStatistics) {
        service.note(
            lateRows: current.lateRows - reported.lateRows, droppedRows: current.droppedRows - reported.droppedRows)
        reported = current
    }

    private func end(_ result: Result<QueryStatistics, SQLError>) {
        subquery?.close()
        subquery = nil
        prepared = nil
        count(statistics())
        run?.close()
        run = nil
        pending = []
        onDone()
        sink.finish(result)
    }
}

extension SQLError.Code {
    /// The one who asked no longer wants the answer.
    public static let cancelled = SQLError.Code(rawValue: "cancelled")
    /// Too many queries run already; trying again later can help.
    public static let overloaded = SQLError.Code(rawValue: "overloaded")
    /// A table's file or topic can't be read.
    public static let sourceFailed = SQLError.Code(rawValue: "source_failed")
}

extension SQLError {
    static let cancelled = SQLError(code: .cancelled, message: "the query was cancelled")
}
