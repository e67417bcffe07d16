import Runtime
import SQL

/// A query's stages and sources, driven forward step by step. Single-threaded.
final class QueryRun {
    enum State {
        case again
        case wait
    }

    let query: PhysicalQuery
    let isLive: Bool
    private(set) var isFinished = false
    private let sources: [any ScanDriver]
    /// Steps that answer in pieces what memory doesn't hold.
    private let draining = DrainingStages()
    private var hasSentLiterals = false
    /// What is stored is read as if it came now: `EMIT` asks for the changes that it makes.
    private let replays: Bool

    /// Plans `plan`, which is the request's query or a sub-query of it.
    ///
    /// - Parameters:
    ///   - isSubquery: of a value that the query needs first.
    ///   - mayShare: other threads may help; `advance` then can say `wait`.
    ///   - wake: called from any thread when a live source has something, or a helper has ended.
    init(
        _ plan: LogicalPlan, of prepared: PreparedQuery, request: QueryRequest, service: QueryService,
        isSubquery: Bool = false, mayShare: Bool, wake: @escaping @Sendable () -> Void
    ) throws(SQLError) {
        let now = service.clock.now()
        // Columns of text address 4 GiB; half of that leaves room for what is put together of them.
        let memory = min(request.memoryBytes ?? .max, service.limits.memoryBytes, 2 << 30)
        // Each live source must be one: a live query over files alone ends as a stored one does.
        isLive = request.mode != .stored && prepared.readsTopics(plan)
        let emission = isSubquery ? Emission() : try prepared.emission()
        replays = !isLive && request.mode == .stored && (emission.timing == .changes || emission.updatesWindows)
        var planner = PhysicalPlanner(
            isLive: isLive || replays, context: EvaluationContext(now: now, clock: { service.clock.now() }),
            account: MemoryAccount(limitBytes: memory))
        planner.take(prepared.settings, standard: service.limits.stateTimeToLiveMilliseconds)
        planner.emission = emission
        if !isLive, !replays, let spill = service.makeSpillSpace(memoryBytes: memory) {
            planner.spill = spill
            planner.draining = draining
        }
        let replays = replays
        planner.isBounded = { !replays && !prepared.readsTopics($0) }
        planner.readsSubqueriesFromStart = isLive
        planner.lookups = LookupEnvironment(catalog: prepared.catalog, service: service, wake: wake)
        query = try planner.plan(plan)
        var sources: [any ScanDriver] = []
        let helpers = mayShare && !isLive && !replays ? prepared.threads - 1 : 0
        if helpers > 0, query.scans.count == 1,
            let driver = try ParallelDriver(
                query, plan, prepared, request, service, planner, helpers: helpers, wake: wake)
        {
            self.sources = [driver]
            return
        }
        for scan in query.scans.filter(\.isTable) + query.scans.filter({ !$0.isTable }) {
            sources.append(
                try prepared.makeDriver(
                    for: scan, request: request, service: service, replays: replays, wake: wake))
        }
        self.sources = sources
    }

    /// Does a piece of work: a batch or a few.
    func advance() throws(SQLError) -> State {
        if !hasSentLiterals {
            hasSentLiterals = true
            for literal in query.literals {
                try literal.input.stage.accept(literal.batch, port: literal.input.port)
                try literal.input.stage.close(port: literal.input.port)
            }
        }
        try query.poll()
        if query.isFull { return .wait }
        if try draining.drain() {
            if query.output.isFinished { isFinished = true }
            return .again
        }
        // One source after the other while they are bounded; live ones in turn.
        var waiting = 0
        var open = 0
        for source in sources where !source.isFinished {
            open += 1
            if try source.advance() == .wait { waiting += 1 } else if !source.isLive, !replays { break }
        }
        if open == 0, !query.output.isFinished, query.polled.contains(where: \.isWaiting) { return .wait }
        if open == 0 || query.output.isFinished {
            isFinished = true
            return .again
        }
        return waiting == open ? .wait : .again
    }

    func statistics() -> QueryStatistics {
        var statistics = QueryStatistics()
        for source in sources {
            let progress = source.progress
            statistics.rowsRead += progress.rows
            statistics.bytesRead += progress.bytes
            statistics.badRows += progress.badRows
            statistics.droppedRows += source.droppedRows
        }
        statistics.lateRows = query.lateRows
        statistics.sampledOutRows = query.sampledOutRows
        statistics.peakMemoryBytes = query.account.peakBytes
        return statistics
    }

    func close() {
        for source in sources { source.close() }
        draining.close()
    }
}
