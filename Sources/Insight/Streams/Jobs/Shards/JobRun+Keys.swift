import Columns
import EventLog
import Runtime
import SQL

/// Statements whose rows go to shards by key, and what these keep.
extension JobRun {
    /// Of how many shards a part is one, by `ShardKey` as it is. Earlier versions told keys apart by another hash and call it
    /// `$shards`: what they kept is shared out anew.
    private static let countName = "$parts"
    /// Behind the key of a stage, in a checkpoint, what a shard has of it.
    private static let partMark = " part "

    /// Decides how each scan's rows are shared out: a statement all of whose scans go into windows that can be counted in
    /// parts needs no key; of others the part that keeps what it keeps by one key goes by that.
    func shareStatements(_ scans: inout [JobScan], _ plans: [JobScript.Plan], now: Int64) throws(SQLError) {
        guard shardCount > 1 else { return }
        let letters = (0..<shardCount).map { _ in deadLetters.map { _ in Self.makeDeadLetters(service) } }
        shardLetters = letters
        for (index, plan) in plans.enumerated() {
            let places = scans.indices.filter { scans[$0].place.statement == index }
            let counts = places.filter { canCountInParts(scans[$0]) }
            if counts.count < places.count,
                let statement = try makeKeyed(index, plan, places.map { scans[$0] }, now: now)
            {
                keyed[index] = statement
                for place in places { scans[place].sharing = .byKey }
            } else {
                for place in counts { scans[place].sharing = .inParts }
            }
        }
    }

    private func canCountInParts(_ scan: JobScan) -> Bool {
        let query = queries[scan.place.statement]
        return service.log != nil && scan.reading.topic != nil && !scan.isTable && query.late == nil
            && query.polled.isEmpty && scan.input.stage.shardedAggregate != nil
    }

    private func makeKeyed(
        _ index: Int, _ plan: JobScript.Plan, _ scans: [JobScan], now: Int64
    ) throws(SQLError) -> KeyedStatement? {
        let query = queries[index]
        guard let part = KeyedPart(of: plan.plan), query.canGoByKey, !scans.contains(where: \.isTable) else {
            return nil
        }
        var shards: [KeyedShard] = []
        for letters in shardLetters {
            let planner = makePlanner(plan, deadLetters: letters, target: .nothing, now: now)
            let output = ShardOutput()
            shards.append(KeyedShard(try planner.plan(part, output: output), output: output))
        }
        return KeyedStatement(part, of: query, shards: shards)
    }

    /// Gives the inputs whose scans go by key their shards.
    func exchangeInputs(_ plans: [JobScript.Plan], now: Int64) throws(SQLError) {
        for input in inputs where input.scans[0].sharing == .byKey {
            let statements = Set(input.scans.map(\.place.statement)).sorted().compactMap { keyed[$0] }
            var lanes: [ExchangeLane] = []
            for (number, letters) in shardLetters.enumerated() {
                var paths: [ExchangeLane.Path] = []
                for (scan, columns) in zip(input.scans, input.columns) {
                    let place = scan.place
                    guard let statement = keyed[place.statement] else { continue }
                    let own = statement.shards[number].query.scans[place.number]
                    var keys: [RowExpression] = []
                    for key in statement.part.scanKeys[place.number] { keys.append(try RowExpression(key)) }
                    paths.append(
                        try ExchangeLane.Path(
                            reading: try plans[place.statement].reading(own, now: now), columns: columns, keys: keys,
                            input: own.input))
                }
                lanes.append(
                    ExchangeLane(
                        paths, number: number, of: shardCount, name: input.name,
                        log: input.log.flatMap { source in service.log.map { (source, $0.makePieceReader()) } },
                        deadLetters: letters, context: EvaluationContext(now: now)))
            }
            input.share(JobExchange(lanes, statements: statements, service: service))
        }
    }

    var lateRowsOfKeyed: Int { keyed.values.reduce(0) { $0 + $1.lateRows } }

    // MARK: Checkpoints

    /// The keys of the stages that shards have by key: what the job's own ones keep is nothing.
    func isKeyed(_ key: String, statement: Int) -> Bool {
        keyed[statement]?.stages.contains { $0.key == key } ?? false
    }

    /// - Parameter key: with the statement in front.
    func isKeyed(_ key: String) -> Bool {
        Self.split(key).map { isKeyed($0.name, statement: $0.statement) } ?? false
    }

    func keyedStates(_ sequence: Int64, isWhole: Bool) throws(SQLError) -> [(key: String, state: OperatorState)] {
        var states: [(key: String, state: OperatorState)] = []
        for (index, statement) in keyed.sorted(by: { $0.key < $1.key }) {
            for stage in statement.stages where !stage.key.isEmpty {
                for (number, shard) in stage.shards.enumerated() {
                    var state = OperatorState(sequence: sequence, isWhole: isWhole)
                    try shard.saveState(into: &state)
                    // A shard that keeps nothing yet counts too.
                    if !stage.shards[0].keyPlaces.isEmpty { state[number: Self.countName] = Int64(stage.shards.count) }
                    if !state.isEmpty { states.append(("\(index) \(stage.key)\(Self.partMark)\(number)", state)) }
                }
            }
        }
        return states
    }

    /// The states of a checkpoint that are for the stages of this run, each as one had it: what shards by key had of a stage
    /// that is not shared out any more is joined.
    func joinedStates(
        _ checkpoint: Checkpoint, _ plans: [JobScript.Plan], now: Int64
    ) throws(SQLError) -> [(key: String, state: OperatorState)] {
        var states: [(key: String, state: OperatorState)] = []
        var parts: [String: [OperatorState]] = [:]
        for (key, state) in checkpoint.states where Self.shard(key) == nil {
            if let part = Self.part(key) {
                parts[part.key, default: []].append(state)
            } else {
                states.append((key, state))
            }
        }
        for (key, kept) in parts.sorted(by: { $0.key < $1.key }) {
            guard let (statement, name) = Self.split(key), !isKeyed(name, statement: statement) else { continue }
            let stage = queries.indices.contains(statement) ? stage(name, of: queries[statement]) : nil
            guard let stage else {
                report(.note("\(key) is left behind"))
                continue
            }
            states.append((key, stage.joined(try whole(kept, name, plans[statement], now: now))))
        }
        return states
    }

    /// Gives the shards by key what was kept: by as many shards, by others, or by one thread.
    func restoreKeyed(_ checkpoint: Checkpoint, _ plans: [JobScript.Plan], now: Int64) throws(SQLError) {
        for (index, statement) in keyed.sorted(by: { $0.key < $1.key }) {
            for stage in statement.stages where !stage.key.isEmpty {
                let key = "\(index) \(stage.key)"
                let parts = checkpoint.states.filter { Self.part($0.key)?.key == key }
                    .sorted { (Self.part($0.key)?.number ?? 0) < (Self.part($1.key)?.number ?? 0) }
                var shares = parts.map(\.state)
                let isSame = shares.first?[number: Self.countName] == Int64(stage.shards.count)
                if !isSame {
                    if parts.isEmpty { shares = try singleStates(checkpoint, key, stage.key, plans[index], now: now) }
                    guard !shares.isEmpty else { continue }
                    shares = try stage.own.joined(try whole(shares, stage.key, plans[index], now: now))
                        .divided(among: stage.shards.count) { table, rows throws(SQLError) in
                            try stage.shards[0].savedKeys(of: table, rows)
                        }
                }
                var notes: [String] = []
                for (shard, state) in zip(stage.shards, shares) {
                    for note in try shard.loadState(from: state) where !notes.contains(note) { notes.append(note) }
                }
                for note in notes { report(.note("statement \(index + 1): \(stage.key): \(note)")) }
            }
        }
    }

    /// What one thread kept of a stage, with what shards without a key counted for it.
    private func singleStates(
        _ checkpoint: Checkpoint, _ key: String, _ name: String, _ plan: JobScript.Plan, now: Int64
    ) throws(SQLError) -> [OperatorState] {
        let own = checkpoint.states.first { $0.key == key }?.state
        let counted = checkpoint.states.filter { Self.shard($0.key)?.key == key }.map(\.state)
        guard !counted.isEmpty else { return own.map { [$0] } ?? [] }
        guard let all = try copiedStage(name, plan, now: now) as? OperatorStage<WindowAggregate> else { return [] }
        if let own { _ = try all.loadState(from: own) }
        for state in counted {
            guard let one = try copiedStage(name, plan, now: now) as? OperatorStage<WindowAggregate> else { continue }
            one.op.isShare = true
            _ = try one.loadState(from: state)
            try all.absorb(one, closingBy: nil)
        }
        var joined = OperatorState()
        try all.saveState(into: &joined)
        return [joined]
    }

    /// The states written anew, all rows of each in it and nothing besides.
    private func whole(
        _ states: [OperatorState], _ name: String, _ plan: JobScript.Plan, now: Int64
    ) throws(SQLError) -> [OperatorState] {
        var found: [OperatorState] = []
        for state in states {
            guard let stage = try copiedStage(name, plan, now: now) else { continue }
            for note in try stage.loadState(from: state) { report(.note("\(name): \(note)")) }
            var written = OperatorState()
            try stage.saveState(into: &written)
            found.append(written)
        }
        return found
    }

    /// A stage of the plan once more, beside the job's memory: it is there for a moment.
    private func copiedStage(_ name: String, _ plan: JobScript.Plan, now: Int64) throws(SQLError) -> Stage? {
        let planner = makePlanner(
            plan, deadLetters: nil, target: .nothing, now: now, account: MemoryAccount(limitBytes: .max))
        return stage(name, of: try planner.plan(plan.plan))
    }

    private func stage(_ name: String, of query: PhysicalQuery) -> Stage? {
        query.stages.first { $0.key == name }?.stage
    }

    /// The key of the stage and the number of the shard; `nil` for the key of a state that is no part.
    private static func part(_ key: String) -> (key: String, number: Int)? {
        guard let mark = key.ranges(of: partMark).last, let number = Int(key[mark.upperBound...]) else { return nil }
        return (String(key[..<mark.lowerBound]), number)
    }

    private static func split(_ key: String) -> (statement: Int, name: String)? {
        guard let space = key.firstIndex(of: " "), let statement = Int(key[..<space]) else { return nil }
        return (statement, String(key[key.index(after: space)...]))
    }
}

extension PhysicalQuery {
    /// Nothing in it needs all rows at one place, whatever their keys.
    var canGoByKey: Bool { late == nil && polled.isEmpty && literals.isEmpty && !scans.isEmpty }
}
