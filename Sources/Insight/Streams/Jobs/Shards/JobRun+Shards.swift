import Columns
import EventLog
import Runtime
import SQL

/// Inputs that several shards work off, and what these keep.
extension JobRun {
    /// Behind the key of a stage, in a checkpoint, what a shard has of it.
    private static let shardMark = " shard "

    var shardCount: Int { script.settings.parallelism ?? settings.shards }

    /// A round of shards is under way: nothing of the stages may be touched.
    var isInRound: Bool { inputs.contains(where: \.isInRound) }

    func makePlanner(
        _ plan: JobScript.Plan, deadLetters: DeadLetters?, target: AnswerTarget, now: Int64,
        account: MemoryAccount? = nil
    ) -> PhysicalPlanner {
        script.planner(
            of: plan, for: target, service, account: account ?? self.account, deadLetters: deadLetters, now: now,
            wake: { [weak self] in self?.wake() })
    }

    /// Shares out the inputs all of whose scans go into windows that can be counted in parts.
    ///
    /// - Parameter now: wall time of the plans, microseconds.
    func shareInputs(_ plans: [JobScript.Plan], now: Int64) throws(SQLError) {
        guard let log = service.log else { return }
        for input in inputs where input.scans[0].sharing == .inParts {
            try input.share(among: shardCount, service: service) { number, source, name, columns throws(SQLError) in
                let letters = deadLetters.map { _ in Self.makeDeadLetters(service) }
                var copies: [Int: PhysicalQuery] = [:]
                var paths: [ShardLane.Path] = []
                for (scan, columns) in zip(input.scans, columns) {
                    let plan = plans[scan.place.statement]
                    var known = copies[scan.place.statement]
                    if known == nil { known = try self.copy(of: plan, letters, now: now) }
                    guard let copy = known else { continue }
                    copies[scan.place.statement] = copy
                    let own = copy.scans[scan.place.number]
                    guard let aggregate = own.input.stage.shardedAggregate else { continue }
                    paths.append(
                        ShardLane.Path(
                            reading: try plan.reading(own, now: now), columns: columns, input: own.input,
                            aggregate: aggregate, query: copy))
                }
                return ShardLane(
                    paths: paths, number: number, source: source, topic: name, reader: log.makePieceReader(),
                    deadLetters: letters)
            }
        }
    }

    /// The same stages once more.
    private func copy(
        of plan: JobScript.Plan, _ letters: DeadLetters?, now: Int64
    ) throws(SQLError) -> PhysicalQuery {
        try makePlanner(plan, deadLetters: letters, target: .nothing, now: now).plan(plan.plan)
    }

    /// The key of each aggregate that is shared out, and what computes it together.
    private var sharded: [(key: String, scan: JobScan, lanes: [OperatorStage<WindowAggregate>])] {
        var found: [(key: String, scan: JobScan, lanes: [OperatorStage<WindowAggregate>])] = []
        for input in inputs {
            guard let shards = input.shards else { continue }
            for (index, scan) in input.scans.enumerated() {
                guard let key = key(ofAggregateBehind: scan) else { continue }
                found.append((key, scan, shards.lanes.map { $0.paths[index].aggregate }))
            }
        }
        return found
    }

    private func key(ofAggregateBehind scan: JobScan) -> String? {
        let aggregate = scan.input.stage.shardedAggregate
        let found = queries[scan.place.statement].stages.first { $0.stage === aggregate }
        return found.map { "\(scan.place.statement) \($0.key)" }
    }

    func shardStates(_ sequence: Int64, isWhole: Bool) throws(SQLError) -> [(key: String, state: OperatorState)] {
        var states: [(key: String, state: OperatorState)] = []
        for (key, _, lanes) in sharded {
            for (number, lane) in lanes.enumerated() {
                var state = OperatorState(sequence: sequence, isWhole: isWhole)
                try lane.saveState(into: &state)
                states.append(("\(key)\(Self.shardMark)\(number)", state))
            }
        }
        return states
    }

    /// Gives the shards what shards kept. The states of those that are there no more go into the aggregate itself, which
    /// has its own by then.
    func restoreShards(_ checkpoint: Checkpoint, _ plans: [JobScript.Plan], now: Int64) throws(SQLError) {
        let known = Dictionary(sharded.map { ($0.key, $0.lanes) }, uniquingKeysWith: { first, _ in first })
        for (key, state) in checkpoint.states {
            guard let (base, number) = Self.shard(key), !isKeyed(base) else { continue }
            if let lanes = known[base], number < lanes.count {
                _ = try lanes[number].loadState(from: state)
            } else if try !absorb(state, base, plans, now: now) {
                report(.note("\(key) is left behind"))
            }
        }
    }

    /// Merges what a shard kept into the aggregate of its key.
    ///
    /// - Returns: whether there is one.
    private func absorb(
        _ state: OperatorState, _ key: String, _ plans: [JobScript.Plan], now: Int64
    ) throws(SQLError) -> Bool {
        for scan in inputs.flatMap(\.scans) where self.key(ofAggregateBehind: scan) == key {
            let copy = try copy(of: plans[scan.place.statement], nil, now: now)
            guard let mine = scan.input.stage.shardedAggregate,
                let theirs = copy.scans[scan.place.number].input.stage.shardedAggregate
            else { return false }
            theirs.op.isShare = true
            _ = try theirs.loadState(from: state)
            try mine.absorb(theirs, closingBy: nil)
            return true
        }
        return false
    }

    /// The key of the aggregate and the number of the shard; `nil` for the key of a state that is no shard's.
    static func shard(_ key: String) -> (key: String, number: Int)? {
        guard let mark = key.ranges(of: shardMark).last, let number = Int(key[mark.upperBound...]) else { return nil }
        return (String(key[..<mark.lowerBound]), number)
    }

    var lateRowsOfShards: Int {
        sharded.reduce(lateRowsOfKeyed) { $0 + $1.lanes.reduce(0) { $0 + $1.op.lateRows } }
    }
}
