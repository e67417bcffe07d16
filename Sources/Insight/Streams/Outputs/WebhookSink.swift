import Columns
import Runtime
import SQL

/// Rows as requests, in order, one after the other. At least once: a request whose answer got lost is sent again, with
/// the same `Idempotency-Key`, by which the receiver knows it.
struct WebhookSink: SinkWriter {
    private let options: WebhookOptions
    private let fields: [PlanField]
    private let sender: any HTTPSender
    private let name: String
    /// Requests of the epoch at work that were taken.
    private var sent = 0
    private var tries = 0

    init(_ options: WebhookOptions, _ fields: [PlanField], _ context: SinkContext, _ sender: any HTTPSender) {
        self.options = options
        self.fields = fields
        self.sender = sender
        self.name = context.statement == 0 ? context.job : "\(context.job).\(context.statement + 1)"
    }

    mutating func write(_ batches: [Batch], _ epoch: SinkEpoch) throws(SinkRefusal) {
        var piece = 0
        for batch in batches {
            var start = 0
            while start < batch.rowCount {
                let end = cut(batch, from: start)
                if piece >= sent {
                    try post(batch.slice(start..<end), epoch, piece: piece)
                    sent += 1
                    tries = 0
                }
                piece += 1
                start = end
            }
        }
        sent = 0
    }

    /// Where a request that begins with this row ends. Of the same rows it is always the same, so that a key stands
    /// for the same rows after a crash.
    private func cut(_ batch: Batch, from start: Int) -> Int {
        let rowBytes = max(1, batch.memoryBytes / max(1, batch.rowCount))
        return min(batch.rowCount, start + max(1, min(options.maximumRows, options.maximumBytes / rowBytes)))
    }

    private mutating func post(_ rows: Batch, _ epoch: SinkEpoch, piece: Int) throws(SinkRefusal) {
        var request = OutboundRequest(method: options.method, url: options.url)
        request.headers = options.headers
        func set(_ name: String, _ value: String) { request.headers.append(.init(name: name, value: value)) }
        if !options.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            set("Content-Type", options.encoding.contentType)
        }
        set("Idempotency-Key", "\"\(name)-\(epoch.incarnation)-\(epoch.epoch)-\(piece)\"")
        set("Squilla-Job", name)
        set("Squilla-Epoch", "\(epoch.epoch)")
        request.body = options.encoding.encode([rows], fields)
        request.timeoutMilliseconds = options.timeoutMilliseconds
        request.maximumResponseBytes = 65_536
        tries += 1
        let result = waitFor(request)
        switch result {
        case .success(let response) where (200..<300).contains(response.status): return
        case .success(let response):
            throw refusal(
                "\(options.url.authority) answered \(response.status)", isRetryable: response.isWorthRetrying,
                pause: response.retryAfterSeconds.map { Int64(min(max($0, 0), 3_600)) * 1_000_000 })
        case .failure(let failure):
            throw refusal("\(options.url.authority): \(failure.message)", isRetryable: true, pause: nil)
        }
    }

    private func refusal(_ message: String, isRetryable: Bool, pause: Int64?) -> SinkRefusal {
        let isSpent = options.maximumRetries.map { tries > $0 } ?? false
        var refusal = SinkRefusal(
            isSpent && isRetryable ? message + ", after \(tries) tries" : message,
            isRetryable: isRetryable && !isSpent, pause: pause)
        refusal.hasProgressed = tries == 1
        return refusal
    }

    private func waitFor(_ request: OutboundRequest) -> Result<OutboundResponse, OutboundFailure> {
        let answer = Monitor<Result<OutboundResponse, OutboundFailure>?>(nil)
        sender.send(request) { result in answer.update { $0 = result } }
        // Twice what the sender promised to keep: a sender that forgets us must not hold the job for good.
        let patience = Int64(request.timeoutMilliseconds) * 2_000_000 + 1_000_000_000
        return answer.wait(timeoutNanoseconds: patience) { $0 } ?? .failure(OutboundFailure("no answer"))
    }
}
