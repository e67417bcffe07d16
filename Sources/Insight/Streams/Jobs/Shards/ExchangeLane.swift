import Columns
import EventLog
import SQL

/// What a shard has of a statement whose rows go by key: all stages of the part, with states of their own.
final class KeyedShard {
    let query: PhysicalQuery
    let output: ShardOutput

    init(_ query: PhysicalQuery, output: ShardOutput) {
        self.query = query
        self.output = output
    }
}

/// Where rows are shared out: what the steps below make of a batch goes to the shards of its keys, rather than on.
final class ExchangeStage: Stage {
    let next: StageInput
    private var batches: [Batch] = []
    override var downstream: Stage? { next.stage }
    override var lateRows: Int { next.stage.lateRows }
    override var sampledOutRows: Int { next.stage.sampledOutRows }

    init(_ next: StageInput) { self.next = next }

    override func accept(_ batch: Batch, port: Int) throws(SQLError) { batches.append(batch) }
    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        try next.stage.advance(watermark: watermark, port: next.port)
    }
    override func close(port: Int) throws(SQLError) { try next.stage.close(port: next.port) }

    func drain() -> [Batch] {
        let taken = batches
        batches = []
        return taken
    }

    /// The one below a stage, if there is one.
    static func behind(_ first: Stage) -> ExchangeStage? {
        var stage: Stage? = first
        while let current = stage {
            if let found = current as? ExchangeStage { return found }
            stage = current.downstream
        }
        return nil
    }
}

/// What a shard answers, until the job takes it between two rounds.
final class ShardOutput: Stage {
    private var batches: [Batch] = []
    private(set) var watermark = Int64.min
    private(set) var isClosed = false

    override func accept(_ batch: Batch, port: Int) throws(SQLError) { batches.append(batch) }
    override func advance(watermark: Int64, port: Int) throws(SQLError) {
        self.watermark = max(self.watermark, watermark)
    }
    override func close(port: Int) throws(SQLError) { isClosed = true }

    func drain() -> [Batch] {
        let taken = batches
        batches = []
        return taken
    }
}

/// One shard of an input whose rows go by key.
final class ExchangeLane: ShardWork {
    /// The way of a scan's rows.
    struct Path {
        let reading: PreparedQuery.Reading
        /// Of what is read, the columns that the scan wants; `nil` for all as they are.
        let columns: [Int]?
        /// The key's values.
        let keys: [RowExpression]
        let input: StageInput
        /// Where the rows are shared out, in the steps behind `input`; `nil` where they are as they are read.
        let exchange: ExchangeStage?

        /// Aggregates rows before they are shared out; `nil` where they go as they are.
        let partial: PartialGroups?

        /// - Throws: what keeps the aggregate behind the exchange from being made once more.
        init(
            reading: PreparedQuery.Reading, columns: [Int]?, keys: [RowExpression], input: StageInput
        ) throws(SQLError) {
            self.reading = reading
            self.columns = columns
            self.keys = keys
            self.input = input
            exchange = ExchangeStage.behind(input.stage)
            let next = exchange?.next.stage ?? input.stage
            partial = try (next as? OperatorStage<UpdatingAggregate>)?.op.makePartialGroups()
        }

        /// Where rows that are shared out go on.
        var next: StageInput { exchange?.next ?? input }

        func take(_ share: ShardShare) throws(SQLError) {
            for batch in share.batches {
                if share.isAggregated, let aggregate = next.stage as? OperatorStage<UpdatingAggregate> {
                    try aggregate.merge(batch)
                } else {
                    try next.stage.accept(batch, port: next.port)
                }
            }
        }
    }

    let paths: [Path]
    let deadLetters: DeadLetters?
    private let number: Int
    private let shardCount: Int
    private let context: EvaluationContext
    private let name: String
    private let log: (source: LogSource, reader: LogPieceReader)?
    private var announced: [Int64]

    /// - Parameters:
    ///   - log: what decodes pieces of the log, where it is one that is read.
    init(
        _ paths: [Path], number: Int, of shardCount: Int, name: String,
        log: (source: LogSource, reader: LogPieceReader)?,
        deadLetters: DeadLetters?, context: EvaluationContext
    ) {
        self.paths = paths
        self.number = number
        self.shardCount = shardCount
        self.name = name
        self.log = log
        self.deadLetters = deadLetters
        self.context = context
        announced = Array(repeating: .min, count: paths.count)
    }

    func work(on round: ExchangeRound, until deadline: Int64, now: () -> Int64) -> ShardProgress {
        do throws(SQLError) {
            while true {
                switch round.step(of: number) {
                case .sortOut(let piece): try sortOut(piece, round)
                case .take(let rows, let watermarks, let place):
                    deadLetters?.place = place
                    try take(rows, watermarks)
                    round.took(number)
                case .finish(let watermarks):
                    for index in paths.indices { try advance(index, to: watermarks[index]) }
                    if round.closes { try close() }
                    round.took(number)
                case .wait: return .blocked
                case .done: return .done
                }
                if now() >= deadline { return .again }
            }
        } catch {
            round.fail(error)
            return .done
        }
    }

    // MARK: Its own rows

    private func take(_ rows: [ShardShare], _ watermarks: [Int64]) throws(SQLError) {
        guard rows.contains(where: { !$0.batches.isEmpty }) else { return }
        // In all scans first: what a late row still meets is what it would with one thread.
        for index in paths.indices { try advance(index, to: watermarks[index]) }
        for (path, share) in zip(paths, rows) { try path.take(share) }
    }

    /// Event time has come so far in a scan.
    func advance(_ index: Int, to watermark: Int64) throws(SQLError) {
        guard watermark > announced[index] else { return }
        announced[index] = watermark
        try paths[index].input.stage.advance(watermark: watermark, port: paths[index].input.port)
    }

    private func close() throws(SQLError) {
        for path in paths { try path.input.stage.close(port: path.input.port) }
    }

    // MARK: Everybody's rows

    private func sortOut(_ index: Int, _ round: ExchangeRound) throws(SQLError) {
        let batch: Batch?
        let place: DeadLetters.Place
        switch round.pieces[index] {
        case .stored(let piece):
            place = DeadLetters.Place(source: name, partition: piece.partition, offsets: piece.offsets)
            // Damage is skipped, as without shards.
            batch = try log.flatMap { log throws(SQLError) in try log.source.decode(piece, with: log.reader) }
        case .rows(let rows, let read): (batch, place) = (rows, read)
        }
        deadLetters?.place = place
        var rows: [[ShardShare]] = []
        var latest: [Int64?] = []
        for path in paths {
            guard let batch else {
                rows.append(Array(repeating: ShardShare(), count: shardCount))
                latest.append(nil)
                continue
            }
            let timed = try path.reading.timed(path.columns.map { batch.project($0) } ?? batch, deadLetters)
            latest.append(path.reading.timeColumn.flatMap { timed.columns[$0].greatest })
            rows.append(shares(of: try prepared(path.reading.wanted(timed), path), path))
        }
        round.sortedOut(
            index, rows: rows, latest: latest, place: place, rowCount: batch?.rowCount ?? 0,
            bytes: batch?.memoryBytes ?? 0)
    }

    /// What the steps that look at each row alone make of a batch.
    private func prepared(_ batch: Batch, _ path: Path) throws(SQLError) -> [Batch] {
        guard let exchange = path.exchange else { return [batch] }
        try path.input.stage.accept(batch, port: path.input.port)
        return exchange.drain()
    }

    /// What each shard is to take.
    private func shares(of batches: [Batch], _ path: Path) -> [ShardShare] {
        if let groups = aggregated(batches, path) {
            return shares(of: [groups.rows], isAggregated: true) { _ in
                ShardKey.rows(of: groups.keys, rowCount: groups.rows.rowCount, among: shardCount)
            }
        }
        return shares(of: batches, isAggregated: false) { batch in
            ShardKey.rows(hashes(of: batch, by: path.keys), among: shardCount)
        }
    }

    private func shares(of batches: [Batch], isAggregated: Bool, _ places: (Batch) -> [[UInt32]]) -> [ShardShare] {
        var shares = Array(repeating: ShardShare(isAggregated: isAggregated), count: shardCount)
        for batch in batches where batch.rowCount > 0 {
            for (shard, rows) in places(batch).enumerated() where !rows.isEmpty {
                shares[shard].batches.append(rows.count == batch.rowCount ? batch : batch.select(rows: rows))
            }
        }
        return shares
    }

    /// The groups of the rows and the values that they are shared out by; `nil` where the rows go as they are. Those that an
    /// expression fails on do: they fail with the shard that they belong to.
    private func aggregated(_ batches: [Batch], _ path: Path) -> (rows: Batch, keys: [Column])? {
        guard let partial = path.partial else { return nil }
        let stage = path.next.stage
        do throws(SQLError) {
            guard let groups = try partial.groups(of: batches) else { return nil }
            return (groups, try stage.savedKeys(of: "groups", groups))
        } catch {
            return nil
        }
    }

    /// A row whose key can't be computed goes to any shard: it fails there, where the query has not left it out before.
    private func hashes(of batch: Batch, by keys: [RowExpression]) -> [UInt64] {
        do throws(SQLError) {
            var hashes = [UInt64](repeating: 0, count: batch.rowCount)
            for key in keys { ShardKey.fold(try key.evaluate(batch, context), into: &hashes) }
            return hashes
        } catch {
            guard batch.rowCount > 1 else { return [0] }
            let middle = batch.rowCount / 2
            return hashes(of: batch.slice(0..<middle), by: keys)
                + hashes(of: batch.slice(middle..<batch.rowCount), by: keys)
        }
    }
}
