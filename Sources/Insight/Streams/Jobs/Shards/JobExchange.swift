import Columns
import EventLog
import SQL

/// A statement of a job whose rows go to shards by key, and what takes in what they answer.
final class KeyedStatement {
    let part: KeyedPart
    let shards: [KeyedShard]
    /// The stages of the part: what each is called in checkpoints, and the same in each shard.
    let stages: [(key: String, own: Stage, shards: [Stage])]
    /// Behind the part, on the job's thread.
    private let next: StageInput
    /// Of the shards, and not yet handed on.
    private var answered: [Batch] = []
    private var watermark = Int64.min
    private var isAtEnd = false
    private var announced = Int64.min
    private var isClosed = false

    /// - Parameters:
    ///   - query: all of the statement. Its stages of the part stay without rows.
    /// - Returns: `nil` where the stages of the shards are not those of the query.
    init?(_ part: KeyedPart, of query: PhysicalQuery, shards: [KeyedShard]) {
        self.part = part
        self.shards = shards
        let names = Dictionary(
            query.stages.map { (ObjectIdentifier($0.stage), $0.key) }, uniquingKeysWith: { first, _ in first })
        var found: [(key: String, own: Stage, shards: [Stage])] = []
        var known: Set<ObjectIdentifier> = []
        var next: StageInput?
        guard shards.allSatisfy({ $0.query.scans.count == query.scans.count }) else { return nil }
        for (index, scan) in query.scans.enumerated() {
            var own: Stage? = scan.input.stage
            var same = shards.map { Self.past($0.query.scans[index].input.stage) }
            while let stage = own, known.insert(ObjectIdentifier(stage)).inserted, !(same[0] is ShardOutput) {
                guard same.allSatisfy({ $0.name == stage.name }) else { return nil }
                found.append((names[ObjectIdentifier(stage)] ?? "", stage, same))
                own = stage.downstream
                same = same.compactMap { $0.downstream.map(Self.past) }
                guard same.count == shards.count else { return nil }
            }
            // Only steps of one input stand above a part.
            if same[0] is ShardOutput, let own, next == nil { next = StageInput(stage: own, port: 0) }
        }
        guard let next else { return nil }
        self.next = next
        stages = found
    }

    var lateRows: Int { shards.reduce(0) { $0 + $1.query.lateRows } }

    /// The stage itself, or the one behind the place where rows are shared out: that is in the shards alone.
    private static func past(_ stage: Stage) -> Stage { (stage as? ExchangeStage)?.next.stage ?? stage }

    /// Takes what the shards have answered. They rest.
    func collect() {
        for shard in shards { answered += shard.output.drain() }
        watermark = shards.map(\.output.watermark).min() ?? .min
        isAtEnd = shards.allSatisfy(\.output.isClosed)
    }

    /// Hands on what was collected; the shards may be at work again.
    func handOn() throws(SQLError) {
        let batches = answered
        answered = []
        for batch in batches where batch.rowCount > 0 { try next.stage.accept(batch, port: next.port) }
        if watermark > announced {
            announced = watermark
            try next.stage.advance(watermark: watermark, port: next.port)
        }
        if isAtEnd, !isClosed {
            isClosed = true
            try next.stage.close(port: next.port)
        }
    }
}

/// The shards of one input of a job, each of which takes the rows of its keys.
///
/// Rounds follow each other: between two the shards rest, and that is where checkpoints are taken.
final class JobExchange {
    /// Pieces of a round for each shard: enough that the last ones don't matter, few enough that the sides of a join stay
    /// together.
    private static let piecesPerLane = 64
    /// Pieces that may be sorted out ahead of the slowest shard, for each.
    private static let aheadPerLane = 8

    let lanes: [ExchangeLane]
    /// Those that have a scan of the input.
    let statements: [KeyedStatement]
    private let tasks: [ShardTask<ExchangeLane>]
    private let service: QueryService
    private(set) var round: ExchangeRound?

    init(_ lanes: [ExchangeLane], statements: [KeyedStatement], service: QueryService) {
        self.lanes = lanes
        self.statements = statements
        self.service = service
        tasks = lanes.dropFirst().map { ShardTask($0, service: service) }
        for task in tasks { service.pool.add(task) }
    }

    var piecesOfRound: Int { lanes.count * Self.piecesPerLane }

    /// - Parameters:
    ///   - hasWatermarks: event time goes on with the rows.
    ///   - closes: the input ends with these pieces.
    ///   - wake: has the job go on.
    func begin(
        _ pieces: [ExchangeRound.Piece], trackers: [WatermarkTracker], now: Int64, hasWatermarks: Bool, closes: Bool,
        wake: @escaping @Sendable () -> Void
    ) {
        let tasks = tasks
        let round = ExchangeRound(
            pieces, shards: lanes.count, capacity: lanes.count * Self.aheadPerLane, trackers: trackers, now: now,
            hasWatermarks: hasWatermarks, closes: closes
        ) {
            wake()
            for task in tasks { task.wake() }
        }
        self.round = round
        for task in tasks { task.begin(round) }
    }

    /// The job's own thread does what the first shard has to do.
    ///
    /// - Returns: what the round has come to; `nil` while shards are at it.
    func work(until deadline: Int64) throws(SQLError) -> (progress: ShardProgress, result: RoundProgress.Result?) {
        guard let round else { return (.done, nil) }
        let progress = lanes[0].work(on: round, until: deadline, now: { service.systemNanoseconds() })
        let result = try round.result()
        if result != nil {
            self.round = nil
            for statement in statements { statement.collect() }
        }
        return (progress, result)
    }

    /// Event time has come so far in a scan, without a row. Between two rounds.
    func advance(_ scan: Int, to watermark: Int64) throws(SQLError) {
        for lane in lanes { try lane.advance(scan, to: watermark) }
        for statement in statements { statement.collect() }
        try handOn()
    }

    /// Hands on what the shards had answered when they rested last.
    func handOn() throws(SQLError) { for statement in statements { try statement.handOn() } }

    /// What no expression could make anything of, in all shards.
    func takeDeadLetters() -> [Batch] { lanes.compactMap { $0.deadLetters?.take() } }

    func close() { for task in tasks { task.cancel() } }
}
