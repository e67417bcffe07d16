import Edge
import Runtime

/// Sends a partition's events as lines, no faster than the client takes them. Everything happens on one worker thread.
final class TopicResponse: @unchecked Sendable {
    private let reader: TopicReader
    private let responder: Responder
    private let worker: WorkerThread
    /// Rows that may still be sent.
    private var left: Int

    init(_ reader: TopicReader, limit: Int, _ responder: Responder, worker: WorkerThread) {
        self.reader = reader
        self.responder = responder
        self.worker = worker
        left = limit
    }

    /// The responder holds this until the client has everything, or has gone.
    func start() {
        responder.start(
            status: 200, headers: [("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-store")])
        // Called at once for the first lines, then whenever a held client has caught up.
        responder.onDrained { [self] in
            if !worker.post({ self.send() }) { responder.abort() }
        }
    }

    private func send() {
        do throws(APIError) {
            while left > 0, let (lines, rows) = try reader.next(maximumRows: left) {
                left -= rows
                if !responder.write(lines) { return }
            }
        } catch {
            responder.write(Array("{\"$error\":".utf8) + error.json + Array("}\n".utf8))
        }
        responder.finish()
    }
}
