import Edge
import SQL
import Streams
import Synchronization

/// One connection of a subscription. Rows over its caps, and rows that come while its client does not read, are left
/// out and counted; it never makes the query wait, and holds no rows itself.
final class Subscriber: Sendable {
    private let request: SubscriptionRequest
    private let responder: Responder
    private let state = Mutex(State())

    private struct State {
        var hasStarted = false
        /// The client has too much before it that it hasn't read.
        var isHeld = false
        var second = Int64.min
        var eventsLeft = 0
        var bytesLeft = 0
        var counts = SubscriberCounts()
        var reported = SubscriberCounts()
        var joined = QueryStatistics()
        var lastWrite: Int64 = 0
    }

    /// A silent stream of server-sent events gets a comment, so that a client that is gone is noticed, nanoseconds.
    private static let heartbeat: Int64 = 15_000_000_000

    /// Bytes that are handed to the connection at a time: whether the client reads is known after that.
    private static let maximumAtOnce = 4 << 20

    init(_ request: SubscriptionRequest, _ responder: Responder) {
        self.request = request
        self.responder = responder
    }

    var format: SubscriptionRequest.Format { request.format }

    var counts: SubscriberCounts { state.withLock { $0.counts } }

    /// The answer's head, and the columns.
    func start(_ fields: [PlanField], statistics: QueryStatistics) {
        state.withLock { state in
            state.hasStarted = true
            state.joined = statistics
        }
        let type = format == .lines ? "application/x-ndjson" : "text/event-stream"
        responder.start(status: 200, headers: [("Content-Type", type), ("Cache-Control", "no-store")])
        notice("meta", SubscriptionMeta(request, fields).json)
    }

    /// Takes every `step`th row from `first` on, as far as the caps and the client let it.
    ///
    /// - Parameter now: monotonic, nanoseconds.
    func offer(_ text: RowText, first: Int, step: Int, now: Int64) {
        let rows = stride(from: first, to: text.rowCount, by: step)
        let bytes: [UInt8] = state.withLock { state in
            let count = first < text.rowCount ? (text.rowCount - first + step - 1) / step : 0
            guard !state.isHeld else {
                state.counts.unreadRows += count
                return []
            }
            refill(&state, now)
            if step == 1, count <= state.eventsLeft, text.bytes.count <= min(state.bytesLeft, Self.maximumAtOnce) {
                state.eventsLeft -= count
                state.bytesLeft -= text.bytes.count
                state.counts.sentRows += count
                return text.bytes
            }
            return admitted(text, rows, &state)
        }
        if !bytes.isEmpty { write(bytes, now: now) }
    }

    private func refill(_ state: inout State, _ now: Int64) {
        let second = now / 1_000_000_000
        guard second != state.second else { return }
        state.second = second
        state.eventsLeft = request.eventsPerSecond
        state.bytesLeft = request.bytesPerSecond
    }

    private func admitted(_ text: RowText, _ rows: StrideTo<Int>, _ state: inout State) -> [UInt8] {
        var out: [UInt8] = []
        for row in rows {
            let bytes = text[row]
            if state.eventsLeft == 0 {
                state.counts.overEventsPerSecond += 1
            } else if bytes.count > state.bytesLeft {
                state.counts.overBytesPerSecond += 1
            } else if out.count + bytes.count > Self.maximumAtOnce, !out.isEmpty {
                state.counts.unreadRows += 1
            } else {
                state.eventsLeft -= 1
                state.bytesLeft -= bytes.count
                state.counts.sentRows += 1
                out.append(contentsOf: bytes)
            }
        }
        return out
    }

    private func write(_ bytes: [UInt8], now: Int64) {
        state.withLock { $0.lastWrite = now }
        guard !responder.write(bytes), !responder.isClosed else { return }
        state.withLock { $0.isHeld = true }
        // Called at once where the client has caught up meanwhile.
        responder.onDrained { [weak self] in self?.state.withLock { $0.isHeld = false } }
    }

    /// Once a second: what was lost since the last time, if anything was.
    func tick(_ statistics: QueryStatistics, now: Int64) {
        let (message, isSilent) = state.withLock { state -> (String?, Bool) in
            guard state.hasStarted, !state.isHeld else { return (nil, false) }
            let isSilent = now - state.lastWrite >= Self.heartbeat
            state.counts.take(statistics, since: state.joined)
            guard state.counts.losses != state.reported.losses else { return (nil, isSilent) }
            let message = state.counts.json(since: state.reported)
            state.reported = state.counts
            return (message, false)
        }
        if let message {
            notice("meta", message)
        } else if isSilent, format == .serverSentEvents {
            write(Array(":\n\n".utf8), now: now)
        }
    }

    /// The query is over.
    func end(_ result: Result<QueryStatistics, SQLError>) {
        let hasStarted = state.withLock { $0.hasStarted }
        switch result {
        case .success(let statistics):
            tick(statistics, now: 0)
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
