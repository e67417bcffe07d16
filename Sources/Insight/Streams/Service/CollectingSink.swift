public import Columns
import Runtime
public import SQL

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
