import Columns
import Runtime
import SQL
import Synchronization

/// Reads a whole table on a thread of its own, and again when it has changed.
final class LookupReload: Sendable {
    typealias Answer = Result<[Batch]?, SQLError>

    private struct State {
        var isUnderWay = false
        var answer: Answer?
    }

    /// Between two looks whether the table has changed, microseconds; `nil` for tables that don't.
    let interval: Int64?
    private let read: @Sendable () -> Answer
    private let wake: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - read: the table's rows; `nil` where they are as they were when it was called before.
    ///   - wake: called from another thread when there is an answer.
    init(interval: Int64?, wake: @escaping @Sendable () -> Void, read: @escaping @Sendable () -> Answer) {
        self.interval = interval
        self.read = read
        self.wake = wake
    }

    /// An answer that waits is under way still.
    var isUnderWay: Bool { state.withLock { $0.isUnderWay || $0.answer != nil } }

    func begin() {
        state.withLock { $0.isUnderWay = true }
        Thread.start(name: "lookup") { [self] in
            let answer = read()
            state.withLock { state in
                state.isUnderWay = false
                state.answer = answer
            }
            wake()
        }
    }

    func take() -> Answer? {
        state.withLock { state in
            defer { state.answer = nil }
            return state.answer
        }
    }
}
