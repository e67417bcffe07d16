public import Columns
import Runtime
public import SQL

/// Takes a query's answer. Called by one thread at a time, never by an event loop; calls come in the order written
/// here, and none after `finish`.
public protocol QuerySink: AnyObject, Sendable {
    /// Once, before rows: the columns' names and SQL types. Not called when the query fails before it starts.
    func start(_ fields: [PlanField])

    /// Some rows; their columns are those of `start`, by position.
    ///
    /// - Returns: whether more may come. After `false` the query pauses until `QueryHandle.resume()`; a live query's
    ///   queue fills meanwhile, and then drops.
    func receive(_ batch: Batch) -> Bool

    /// Of live queries, when rows have been late or dropped since the last time.
    func report(_ statistics: QueryStatistics)

    func finish(_ result: Result<QueryStatistics, SQLError>)
}

extension QuerySink {
    public func report(_ statistics: QueryStatistics) {}
}

/// Collects a whole answer in memory: for tests and small stored queries.
public final class CollectingSink: QuerySink {
    /// The answer.
    public struct Answer: Sendable {
        public var fields: [PlanField] = []
        public var batches: [Batch] = []
        public var statistics = QueryStatistics()
        public var error: SQLError?

        public var rowCount: Int { batches.reduce(0) { $0 + $1.rowCount } }
    }

    private struct State: Sendable {
        var answer = Answer()
        var isFinished = false
    }

    private let state = Monitor(State())

    public init() {}

    public func start(_ fields: [PlanField]) { state.update { $0.answer.fields = fields } }

    public func receive(_ batch: Batch) -> Bool {
        state.update { $0.answer.batches.append(batch) }
        return true
    }

    public func report(_ statistics: QueryStatistics) { state.update { $0.answer.statistics = statistics } }

    public func finish(_ result: Result<QueryStatistics, SQLError>) {
        state.update { state in
            switch result {
            case .success(let statistics): state.answer.statistics = statistics
            case .failure(let error): state.answer.error = error
            }
            state.isFinished = true
        }
    }

    /// Waits for the end of the query.
    ///
    /// - Returns: the answer, or `nil` when the time was up.
    public func wait(timeoutMilliseconds: Int? = nil) -> Answer? {
        state.wait(timeoutNanoseconds: timeoutMilliseconds.map { Int64($0) * 1_000_000 }) { state in
            state.isFinished ? state.answer : nil
        }
    }

    /// Waits until what has come so far satisfies `condition`.
    ///
    /// - Returns: the answer so far, or `nil` when the time was up.
    public func wait(timeoutMilliseconds: Int, until condition: (Answer) -> Bool) -> Answer? {
        state.wait(timeoutNanoseconds: Int64(timeoutMilliseconds) * 1_000_000) { state in
            condition(state.answer) ? state.answer : nil
        }
    }
}
