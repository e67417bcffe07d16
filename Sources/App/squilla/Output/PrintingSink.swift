import Columns
import Runtime
import SQL
import Streams

/// Prints a query's answer as it comes. The query's thread does the printing, so a slow terminal slows the query.
final class PrintingSink: QuerySink {
    private struct State: Sendable {
        var printer: RowPrinter
        var fields: [PlanField] = []
        var result: Result<QueryStatistics, SQLError>?
    }

    private let state: Monitor<State>

    init(_ printer: RowPrinter) { state = Monitor(State(printer: printer)) }

    func start(_ fields: [PlanField]) { state.update { $0.fields = fields } }

    func receive(_ batch: Batch) -> Bool {
        state.withLock { state in
            var writer = JSONWriter(fields: state.fields)
            writer.append(batch, prefix: "", suffix: "\n")
            let lines = writer.take()
            state.printer.print(lines: lines)
            state.printer.flush()
        }
        return true
    }

    func finish(_ result: Result<QueryStatistics, SQLError>) {
        state.update { state in
            state.printer.finish()
            state.result = result
        }
    }

    /// The query's end.
    func wait() -> Result<QueryStatistics, SQLError> {
        state.wait { $0.result } ?? .success(QueryStatistics())
    }
}
