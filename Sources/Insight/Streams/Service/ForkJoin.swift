import Runtime
import SQL

/// Pieces of work that don't depend on each other, done by the thread that has them and by threads of the pool that have
/// nothing else to do.
///
/// Who forks works too, and at the end waits for pieces that others have begun, never for others to begin: it can't wait for
/// good, even where the pool has no other thread.
final class ForkJoin: Sendable {
    private let helpers: [Helper]
    private let pool: WorkerPool

    /// - Parameter threads: at most so many take part, the one that forks among them.
    init(threads: Int, pool: WorkerPool) {
        self.pool = pool
        helpers = (1..<max(threads, 1)).map { _ in Helper() }
        for helper in helpers { pool.add(helper) }
    }

    /// Computes `body(0)` to `body(count - 1)`, in any order and several at a time.
    ///
    /// - Throws: the error of the first of them that failed.
    func map<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws(SQLError) -> Value
    ) throws(SQLError) -> [Value] {
        let values = Monitor([Result<Value, SQLError>?](repeating: nil, count: count))
        let pieces = Pieces(count: count) { index in
            let value: Result<Value, SQLError>
            do throws(SQLError) {
                value = .success(try body(index))
            } catch {
                value = .failure(error)
            }
            values.withLock { $0[index] = value }
        }
        for helper in helpers.prefix(max(count - 1, 0)) { helper.begin(pieces, in: pool) }
        while pieces.doNext() {}
        pieces.waitForAll()
        var all: [Value] = []
        for case let value? in values.withLock({ $0 }) { all.append(try value.get()) }
        return all
    }

    /// Lets go of the pool's threads.
    func close() { for helper in helpers { helper.cancel(in: pool) } }
}

extension ForkJoin {
    private final class Pieces: Sendable {
        private struct State: Sendable {
            var begun = 0
            var done = 0
        }

        private let count: Int
        private let body: @Sendable (Int) -> Void
        private let state = Monitor(State())

        init(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.count = count
            self.body = body
        }

        /// - Returns: whether there was one left that nobody had begun.
        func doNext() -> Bool {
            let next = state.withLock { state -> Int? in
                guard state.begun < count else { return nil }
                state.begun += 1
                return state.begun - 1
            }
            guard let next else { return false }
            body(next)
            state.update { $0.done += 1 }
            return true
        }

        func waitForAll() {
            let count = count
            _ = state.wait { $0.done == count ? true : nil }
        }
    }

    private final class Helper: SteppedTask {
        private struct State: Sendable {
            var pieces: Pieces?
            var isCancelled = false
        }

        private let state = Monitor(State())

        func begin(_ pieces: Pieces, in pool: WorkerPool) {
            state.withLock { $0.pieces = pieces }
            pool.wake(self)
        }

        func cancel(in pool: WorkerPool) {
            state.withLock { $0.isCancelled = true }
            pool.wake(self)
        }

        func step() -> StepResult {
            let (pieces, isCancelled) = state.withLock { ($0.pieces, $0.isCancelled) }
            if isCancelled { return .done }
            guard let pieces else { return .wait }
            if pieces.doNext() { return .again }
            state.withLock { if $0.pieces === pieces { $0.pieces = nil } }
            return .wait
        }

        func abandon() {}
    }
}
