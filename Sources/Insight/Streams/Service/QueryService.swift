public import EventLog
public import Runtime
public import SQL
import Synchronization

/// Runs queries: over the event log's topics and over files, stored and live, on threads of its own.
public final class QueryService: Sendable {
    let log: EventLog?
    let clock: any Clock
    let limits: QueryLimits
    let tables: [String: TableDefinition]
    let pool: WorkerPool
    /// For sinks and lookups.
    let http: (any HTTPSender)?
    /// The materialised views that jobs keep.
    let views = ViewRegistry()
    private let running = Atomic<Int>(0)
    /// Of those the ones that `concurrentQueries` limits.
    private let limited = Atomic<Int>(0)
    private let late = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let spillStorage: any Storage
    /// Microseconds since 1970.
    private let began: Int64
    /// For slices and deadlines.
    private let system: any Clock

    /// - Parameters:
    ///   - log: whose topics are tables; `nil` for queries over files alone.
    ///   - tables: tables beside the topics, for all queries.
    ///   - http: sends the requests of sinks and lookups; without one they are refused.
    public convenience init(
        log: EventLog?, clock: any Clock = SystemClock(), limits: QueryLimits = QueryLimits(),
        tables: [String: TableDefinition] = [:], http: (any HTTPSender)? = nil
    ) {
        self.init(
            log: log, clock: clock, limits: limits, tables: tables, http: http, system: SystemClock(),
            threads: max(1, limits.workerThreads))
    }

    /// - Parameter threads: with none, queries wait for `WorkerPool.turn`.
    init(
        log: EventLog?, clock: any Clock, limits: QueryLimits, tables: [String: TableDefinition],
        http: (any HTTPSender)?, system: any Clock, threads: Int, spillStorage: any Storage = DiskStorage()
    ) {
        self.log = log
        self.clock = clock
        self.limits = limits
        self.tables = tables
        self.http = http
        self.system = system
        self.spillStorage = spillStorage
        self.began = system.now()
        if let folder = limits.spillFolder {
            // A folder that can't be cleaned can't be written either: the first query that needs it says why.
            try? SpillSpace.clean(folder, storage: spillStorage)
        }
        self.pool = WorkerPool(threads: threads, tickMilliseconds: limits.tickMilliseconds)
    }

    /// Where a stored query puts aside what its memory doesn't hold; `nil` where it is refused then.
    func makeSpillSpace(memoryBytes: Int) -> SpillSpace? {
        guard let folder = limits.spillFolder, limits.spillBytes > 0 else { return nil }
        return SpillSpace(
            folder: folder, owner: began, storage: spillStorage, limitBytes: limits.spillBytes, memoryBytes: memoryBytes
        )
    }

    /// Queries that run now.
    public var runningQueries: Int { running.load(ordering: .relaxed) }

    /// Rows that came too late for their window, and rows that slow readers lost, in all queries since the start.
    public var lateRows: Int { late.load(ordering: .relaxed) }
    public var droppedRows: Int { dropped.load(ordering: .relaxed) }

    func note(lateRows: Int, droppedRows: Int) {
        late.add(lateRows, ordering: .relaxed)
        dropped.add(droppedRows, ordering: .relaxed)
    }

    /// Starts a query. Returns at once; everything, errors included, goes to the sink.
    ///
    /// - Parameter isAdmitted: the caller bounds how many it runs, beside `QueryLimits.concurrentQueries`.
    @discardableResult
    public func run(_ request: QueryRequest, sink: any QuerySink, isAdmitted: Bool = false) -> QueryHandle {
        let share = isAdmitted ? 0 : 1
        let count = limited.add(share, ordering: .acquiringAndReleasing).newValue
        guard isAdmitted || count <= limits.concurrentQueries else {
            limited.subtract(share, ordering: .acquiringAndReleasing)
            sink.finish(
                .failure(
                    SQLError(
                        code: .overloaded, message: "\(limits.concurrentQueries) queries run already",
                        suggestion: "try again when one has ended; the limit is the setting query.max_concurrent")))
            return QueryHandle(control: QueryControl(), wake: {})
        }
        running.add(1, ordering: .acquiringAndReleasing)
        let task = QueryTask(request: request, service: self, sink: sink) { [weak self] in
            self?.limited.subtract(share, ordering: .acquiringAndReleasing)
            self?.running.subtract(1, ordering: .acquiringAndReleasing)
        }
        pool.add(task)
        return QueryHandle(control: task.control) { [weak self, weak task] in
            if let self, let task { self.pool.wake(task) }
        }
    }

    /// The materialised views that there are, by name.
    public var materializedViews: [ViewHandle] { views.published }

    /// A materialised view of a name, whether it is there yet or not.
    public func materializedView(_ name: String) -> ViewHandle { views.handle(name) }

    /// How a materialised view stands: `kept`, or the state of its job where that is another, and why it is kept up to date
    /// no more.
    public func standing(of view: ViewHandle) -> (state: String, failure: String?) { views.standing(of: view) }

    /// The columns of a query's answer, without running it.
    ///
    /// - Throws: what is wrong with the text.
    public func check(_ request: QueryRequest) throws(SQLError) -> [PlanField] {
        try PreparedQuery(request: request, service: self).fields()
    }

    /// Cancels what still runs and ends the threads. Must not be called from a sink.
    public func stop() { pool.stop() }

    func systemNanoseconds() -> Int64 { system.monotonicNanoseconds() }
}
