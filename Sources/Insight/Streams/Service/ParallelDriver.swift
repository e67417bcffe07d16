import Columns
import Runtime
import SQL

/// Feeds a bounded aggregate from several threads: each worker has the stages up to the aggregate for itself, and the
/// states are merged at the end. The query's own thread works too, so that a busy pool delays nothing.
final class ParallelDriver: ScanDriver {
    private let own: BoundedDriver
    private let aggregate: Stage
    private let input: StageInput
    private let helpers: [Helper]
    private var isOwnDone = false
    private(set) var isFinished = false

    /// - Parameters:
    ///   - own: reads for the query's thread; must leave the end of the input to this driver.
    ///   - aggregate: the stage on the way from `input` that takes in the helpers' states.
    init(own: BoundedDriver, input: StageInput, aggregate: Stage, helpers: [Helper]) {
        self.own = own
        self.input = input
        self.aggregate = aggregate
        self.helpers = helpers
    }

    /// Shares the query's scan out, when its rows go into an aggregate and the table is large.
    convenience init?(
        _ query: PhysicalQuery, _ plan: LogicalPlan, _ prepared: PreparedQuery, _ request: QueryRequest,
        _ service: QueryService, _ planner: PhysicalPlanner, helpers count: Int,
        wake: @escaping @Sendable () -> Void
    ) throws(SQLError) {
        guard let scan = query.scans.first, let aggregate = scan.input.stage.aggregateBehind() else { return nil }
        let reading = try prepared.reading(scan, request)
        guard let shared = try prepared.sharedScan(reading, service) else { return nil }
        var helpers: [Helper] = []
        for _ in 0..<count {
            // The same stages once more; those behind the aggregate stay unused.
            let copy = try planner.plan(plan)
            guard let input = copy.scans.first?.input, let aggregate = input.stage.aggregateBehind() else { return nil }
            let driver = BoundedDriver(
                source: try shared.makeSource(), input: input, reading: reading, closesInput: false)
            helpers.append(Helper(driver: driver, query: copy, aggregate: aggregate, whenDone: wake))
        }
        let own = BoundedDriver(
            source: try shared.makeSource(), input: scan.input, reading: reading, closesInput: false)
        self.init(own: own, input: scan.input, aggregate: aggregate, helpers: helpers)
        for helper in helpers { service.pool.add(helper) }
    }

    var isLive: Bool { false }
    var droppedRows: Int { 0 }

    var progress: ScanProgress {
        var total = own.progress
        for helper in helpers {
            let progress = helper.progress
            total.rows += progress.rows
            total.bytes += progress.bytes
            total.badRows += progress.badRows
        }
        return total
    }

    func advance() throws(SQLError) -> QueryRun.State {
        if !isOwnDone {
            _ = try own.advance()
            isOwnDone = own.isFinished
            return .again
        }
        for helper in helpers where !helper.isDone { return .wait }
        for helper in helpers {
            if let error = helper.error { throw error }
            try aggregate.absorb(helper.aggregate)
        }
        isFinished = true
        try input.stage.close(port: input.port)
        return .again
    }

    func close() {
        for helper in helpers { helper.cancel() }
    }

    /// A worker's share: a task of the pool beside the query's own.
    final class Helper: SteppedTask, @unchecked Sendable {
        private struct Shared: Sendable {
            var isDone = false
            var isCancelled = false
            var progress = ScanProgress()
            var error: SQLError?
        }

        private static let sliceNanoseconds: Int64 = 10_000_000

        let aggregate: Stage
        private let driver: BoundedDriver
        /// Keeps the stages that the driver feeds.
        private let query: PhysicalQuery
        private let whenDone: @Sendable () -> Void
        private let shared = Monitor(Shared())

        init(driver: BoundedDriver, query: PhysicalQuery, aggregate: Stage, whenDone: @escaping @Sendable () -> Void) {
            self.driver = driver
            self.query = query
            self.aggregate = aggregate
            self.whenDone = whenDone
        }

        var isDone: Bool { shared.withLock { $0.isDone } }
        var error: SQLError? { shared.withLock { $0.error } }
        var progress: ScanProgress { shared.withLock { $0.progress } }

        func cancel() { shared.withLock { $0.isCancelled = true } }
        func abandon() { end(nil) }

        func step() -> StepResult {
            let deadline = SystemClock().monotonicNanoseconds() + Self.sliceNanoseconds
            do throws(SQLError) {
                while !driver.isFinished {
                    if shared.withLock({ $0.isCancelled }) { throw .cancelled }
                    _ = try driver.advance()
                    let progress = driver.progress
                    shared.withLock { $0.progress = progress }
                    if SystemClock().monotonicNanoseconds() >= deadline { return .again }
                }
                end(nil)
            } catch {
                end(error)
            }
            return .done
        }

        private func end(_ error: SQLError?) {
            shared.withLock { shared in
                shared.error = error
                shared.isDone = true
            }
            whenDone()
        }
    }
}
