import Columns
import Edge
import SQL
import Streams
import Synchronization

/// Turns a query's answer into an HTTP response: one JSON object a row, as lines or as server-sent events.
///
/// The response starts when the query has been understood; what is wrong before that is a 4xx, what fails later is a
/// last line `{"$error": …}` (or the event `error`).
final class QueryResponse: QuerySink {
    enum Format { case lines, serverSentEvents }

    private let responder: Responder
    private let format: Format
    private let state = Mutex(State())

    private struct State {
        var handle: QueryHandle?
        var fields: [PlanField] = []
        var hasStarted = false
    }

    init(_ responder: Responder, format: Format) {
        self.responder = responder
        self.format = format
    }

    /// Ties the query to the client: it is cancelled when the client goes, and goes on when the client has caught up.
    func attach(_ handle: QueryHandle) {
        responder.onClose { handle.cancel() }
        responder.onDrained { handle.resume() }
    }

    func start(_ fields: [PlanField]) {
        state.withLock { state in
            state.fields = fields
            state.hasStarted = true
        }
        let type = format == .lines ? "application/x-ndjson" : "text/event-stream"
        responder.start(status: 200, headers: [("Content-Type", type), ("Cache-Control", "no-store")])
    }

    func receive(_ batch: Batch) -> Bool {
        var writer = JSONWriter(fields: state.withLock { $0.fields })
        let isEvents = format == .serverSentEvents
        writer.append(batch, prefix: isEvents ? "data: " : "", suffix: isEvents ? "\n\n" : "\n")
        return responder.write(writer.take())
    }

    func report(_ statistics: QueryStatistics) {
        notice("meta", "{\"late_rows\":\(statistics.lateRows),\"dropped_rows\":\(statistics.droppedRows)}")
    }

    func finish(_ result: Result<QueryStatistics, SQLError>) {
        let hasStarted = state.withLock { $0.hasStarted }
        switch result {
        case .success(let statistics):
            if statistics.isCut { notice("meta", "{\"cut_at_rows\":\(statistics.rowsReturned)}") }
            if format == .serverSentEvents { responder.write(Array("event: done\ndata: {}\n\n".utf8)) }
            responder.finish()
        case .failure(let error):
            let failure = APIError(error)
            if hasStarted {
                notice("error", String(decoding: failure.json, as: UTF8.self))
                responder.finish()
            } else {
                responder.respond(status: failure.status, headers: ManagementService.json, body: failure.body)
            }
        }
    }

    private func notice(_ kind: String, _ json: String) {
        let text = format == .lines ? "{\"$\(kind)\":\(json)}\n" : "event: \(kind)\ndata: \(json)\n\n"
        responder.write(Array(text.utf8))
    }
}

extension APIError {
    init(_ error: SQLError) {
        self.init(error.code == .overloaded ? 503 : 400, error.code.rawValue, error.message)
        line = error.line
        column = error.column
        suggestion = error.suggestion
    }
}
