import Columns
import SQL
import Synchronization

/// A table that answers one key at a time over HTTP: the keys of a batch are asked for together, as many at a time as
/// the table allows.
final class RequestSide: LookupSide {
    struct Work {
        var answers: [LookupAnswer] = []
        /// Of each row, the number of its answer plus 1; 0 where its key is null.
        var rows: [UInt32] = []
    }

    /// Answers on their way to the query's thread.
    private final class Mailbox: Sendable {
        private let state = Mutex<[(String, Result<OutboundResponse, OutboundFailure>)]>([])

        func put(_ address: String, _ result: Result<OutboundResponse, OutboundFailure>) {
            state.withLock { $0.append((address, result)) }
        }

        func take() -> [(String, Result<OutboundResponse, OutboundFailure>)] {
            state.withLock { state in
                defer { state = [] }
                return state
            }
        }
    }

    private let name: String
    private let table: RequestTable
    private let keys: [RowExpression]
    private let keyTypes: [FieldType]
    private let response: LookupResponse
    private let rowSchema: Schema
    private let sender: any HTTPSender
    private let context: EvaluationContext
    private let now: () -> Int64
    private let wake: @Sendable () -> Void
    private let mailbox = Mailbox()
    private var requests: LookupRequests

    /// - Parameters:
    ///   - name: the table's, for messages.
    ///   - keys: over the stream, one a name in the address.
    ///   - rowSchema: of the table's rows as the join sees them.
    ///   - now: monotonic, microseconds.
    init(
        name: String, table: RequestTable, keys: [BoundExpression], response: LookupResponse, rowSchema: Schema,
        sender: any HTTPSender, context: EvaluationContext, now: @escaping () -> Int64,
        wake: @escaping @Sendable () -> Void
    ) throws(SQLError) {
        var compiled: [RowExpression] = []
        for key in keys { compiled.append(try RowExpression(key)) }
        self.name = name
        self.table = table
        self.keys = compiled
        self.keyTypes = keys.map(\.type.fieldType)
        self.response = response
        self.rowSchema = rowSchema
        self.sender = sender
        self.context = context
        self.now = now
        self.wake = wake
        self.requests = LookupRequests(table.lookup, maximumInFlight: table.maximumInFlight)
    }

    /// Roughly: an address, its key and the row of each answer.
    var bytes: Int { requests.cachedKeys * 1_024 }

    var keeps: String {
        switch table.lookup.cache {
        case .partial: "up to \(table.lookup.maximumRows) rows of the table"
        case .none, .full: "nothing"
        }
    }

    func check(_ batch: Batch) throws(SQLError) { for key in keys { _ = try key.evaluate(batch, context) } }

    func begin(_ batch: Batch) throws(SQLError) -> Work {
        var columns: [Column] = []
        for key in keys { columns.append(try key.evaluate(batch, context)) }
        var groups = GroupTable(types: keyTypes)
        let numbers = groups.groups(of: columns, rowCount: batch.rowCount)
        var known = [UInt32](repeating: 0, count: groups.count)
        var work = Work()
        work.rows = [UInt32](repeating: 0, count: batch.rowCount)
        let time = now()
        for (row, number) in numbers.enumerated() {
            if known[Int(number)] == 0 {
                guard !columns.contains(where: { $0.isNull(row) }) else { continue }
                let key = { columns.map { $0.select(rows: [UInt32(row)]) } }
                work.answers.append(requests.want(table.template.filled(columns, row: row), key: key, now: time))
                known[Int(number)] = UInt32(work.answers.count)
            }
            work.rows[row] = known[Int(number)]
        }
        send()
        return work
    }

    func isReady(_ work: Work) -> Bool { work.answers.allSatisfy(\.isReady) }

    func pairs(
        _ batch: Batch, _ work: Work, _ body: (Range<Int>, [UInt32], Batch) throws(SQLError) -> Void
    ) throws(SQLError) {
        var partners: [UInt32] = []
        var builder = BatchBuilder(schema: rowSchema, capacity: batch.rowCount)
        var start = 0
        for (row, number) in work.rows.enumerated() {
            if number > 0, let found = work.answers[Int(number) - 1].rows {
                for index in 0..<found.rowCount {
                    builder.append(found, row: index)
                    partners.append(UInt32(row))
                }
            }
            guard partners.count >= LookupPairs.atOnce else { continue }
            try body(start..<row + 1, partners, builder.finish())
            builder = BatchBuilder(schema: rowSchema, capacity: batch.rowCount)
            partners.removeAll(keepingCapacity: true)
            start = row + 1
        }
        if start < batch.rowCount { try body(start..<batch.rowCount, partners, builder.finish()) }
    }

    func poll() throws(SQLError) {
        for (address, result) in mailbox.take() { try take(address, result) }
        send()
    }

    private func send() {
        while let address = requests.next(now: now()) {
            guard let url = OutboundURL(address) else {
                mailbox.put(address, .failure(OutboundFailure("'\(address)' is no address")))
                wake()
                continue
            }
            var request = OutboundRequest(method: "GET", url: url)
            request.headers = table.headers + [.init(name: "Accept", value: "application/json")]
            request.timeoutMilliseconds = table.timeoutMilliseconds
            request.maximumResponseBytes = table.maximumResponseBytes
            sender.send(request) { [mailbox, wake] result in
                mailbox.put(address, result)
                wake()
            }
        }
    }

    private func take(_ address: String, _ result: Result<OutboundResponse, OutboundFailure>) throws(SQLError) {
        switch result {
        case .success(let answer) where answer.status == 200:
            guard let waiting = requests.answer(address) else { return }
            let rows = try response.rows(answer.body, key: waiting.key, table: name)
            requests.answered(address, rows, now: now())
        case .success(let answer) where [204, 404, 410].contains(answer.status):
            requests.answered(address, nil, now: now())
        case .success(let answer):
            let wished = answer.retryAfterSeconds.map { Int64(min(max($0, 0), 3_600)) * 1_000_000 }
            try fail(address, "it answered \(answer.status)", mayRetry: answer.isWorthRetrying, wished: wished)
        case .failure(let failure): try fail(address, failure.message, mayRetry: true, wished: nil)
        }
    }

    private func fail(_ address: String, _ reason: String, mayRetry: Bool, wished: Int64?) throws(SQLError) {
        if mayRetry, requests.failed(address, wished: wished, now: now()) { return }
        let host = OutboundURL(address)?.authority ?? ""
        throw SQLError(
            code: .sourceFailed, message: "table \(name) can't be looked up at \(host): \(reason)",
            suggestion: mayRetry ? "it was tried \(table.lookup.maximumRetries + 1) times (lookup.max-retries)" : nil)
    }
}
