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
    /// The scan of each source, by its place in the query.
    private let scanPlaces: [Int]
    private let meetings: InputMeetings
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
        meetings = InputMeetings(of: query.scans.map(\.input.stage))
        var sources: [any ScanDriver] = []
        let helpers = mayShare && !isLive && !replays ? prepared.threads - 1 : 0
        if helpers > 0, query.scans.count == 1,
            let driver = try ParallelDriver(
                query, plan, prepared, request, service, planner, helpers: helpers, wake: wake)
        {
            self.sources = [driver]
            scanPlaces = [0]
            return
        }
        let scans = query.scans
        scanPlaces = scans.indices.filter { scans[$0].isTable } + scans.indices.filter { !scans[$0].isTable }
        for place in scanPlaces {
            sources.append(
                try prepared.makeDriver(
                    for: scans[place], request: request, service: service, replays: replays, wake: wake))
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
        if isLive, sources.count > 1 { try leaveOutIdle() }
        if open == 0, !query.output.isFinished, query.polled.contains(where: \.isWaiting) { return .wait }
        if open == 0 || query.output.isFinished {
            isFinished = true
            return .again
        }
        return waiting == open ? .wait : .again
    }

    /// Has the sources that are idle go along with those that they meet.
    private func leaveOutIdle() throws(SQLError) {
        var standings = [InputMeetings.Standing?](repeating: nil, count: sources.count)
        for (place, source) in zip(scanPlaces, sources) { standings[place] = source.standing }
        for (place, source) in zip(scanPlaces, sources) where standings[place]?.isIdle == true {
            if let time = meetings.time(for: place, standings) { try source.bringUp(to: time) }
        }
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
