import Columns
import Runtime

/// What waits for the log's thread: batches, bounded by their bytes, and commands.
final class AppendQueue: Sendable {
    enum Item: Sendable {
        case append(LogEngine.Append)
        case command(@Sendable (LogEngine) -> Void)
    }

    private struct State: Sendable {
        var items: [Item] = []
        var bytes = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    private let limitBytes: Int

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    enum Refusal { case full, closed }

    /// A batch larger than the whole queue is taken when nothing else waits.
    func append(_ append: LogEngine.Append, bytes: Int) -> Refusal? {
        state.update { state in
            if state.isClosed { return .closed }
            if state.bytes > 0, state.bytes + bytes > limitBytes { return .full }
            state.bytes += bytes
            state.items.append(.append(append))
            return nil
        }
    }

    /// - Returns: False when the queue is closed.
    func command(_ body: @escaping @Sendable (LogEngine) -> Void) -> Bool {
        state.update { state in
            if state.isClosed { return false }
            state.items.append(.command(body))
            return true
        }
    }

    /// Waits for items and takes all. `nil` when the queue is closed and empty.
    func take(timeoutNanoseconds: Int64) -> [Item]? {
        let taken = state.wait(timeoutNanoseconds: timeoutNanoseconds) { state -> (items: [Item], isLast: Bool)? in
            if state.items.isEmpty { return state.isClosed ? ([], true) : nil }
            let items = state.items
            state.items = []
            return (items, false)
        }
        guard let taken else { return [] }
        return taken.isLast ? nil : taken.items
    }

    /// The bytes of appends that were committed make room again.
    func release(bytes: Int) {
        state.withLock { $0.bytes -= bytes }
    }

    func close() {
        state.update { $0.isClosed = true }
    }

    var bytes: Int { state.withLock { $0.bytes } }
}

extension Batch {
    /// The memory of the columns, roughly; for bounding queues.
    var memoryBytes: Int {
        columns.reduce(64) { total, column in
            let values =
                switch column.storage {
                case .bool: column.count / 8
                case .int64, .float64: column.count * 8
                case .ip, .decimal: column.count * 16
                case .byteStrings(let strings): strings.bytes.count + column.count * 4
                case .dictionary(_, let strings): strings.bytes.count + strings.count * 4 + column.count * 4
                }
            return total + values + (column.validity == nil ? 0 : column.count / 8) + 32
        }
    }
}
