import Columns
import EventLog
import Runtime
import SQL

/// One shard of a job's input: of each scan the stages up to GROUP BY once more, with states of their own.
final class ShardLane: ShardWork {
    /// The way of a scan's rows.
    struct Path {
        let reading: PreparedQuery.Reading
        /// Of what is read, the columns that the scan wants; `nil` for all as they are.
        let columns: [Int]?
        let input: StageInput
        let aggregate: OperatorStage<WindowAggregate>
        /// Keeps the stages.
        let query: PhysicalQuery
    }

    private struct Decoded {
        let piece: Int
        /// By scan.
        let batches: [Batch]
        let place: DeadLetters.Place
    }

    /// Pieces that may be decoded before their turn has come.
    private static let maximumAhead = ShardRound.longestRun

    let paths: [Path]
    let deadLetters: DeadLetters?
    private let number: Int
    private let source: LogSource
    private let reader: LogPieceReader
    private let topic: String
    /// In the order of the topic.
    private var waiting: [Decoded] = []
    private var announced: [Int64]

    init(
        paths: [Path], number: Int, source: LogSource, topic: String, reader: LogPieceReader, deadLetters: DeadLetters?
    ) {
        self.paths = paths
        self.number = number
        self.source = source
        self.topic = topic
        self.reader = reader
        self.deadLetters = deadLetters
        announced = Array(repeating: .min, count: paths.count)
        for path in paths { path.aggregate.op.isShare = true }
    }

    func work(on round: ShardRound, until deadline: Int64, now: () -> Int64) -> ShardProgress {
        do throws(SQLError) {
            while true {
                if waiting.count < Self.maximumAhead, round.hasTaken(number), let piece = round.take(by: number) {
                    // Before it counts: others wait for the times of what it has taken.
                    try decode(piece, round)
                } else if let first = waiting.first, let watermarks = round.watermarks(before: first.piece) {
                    waiting.removeFirst()
                    try count(first, watermarks)
                    round.finished()
                } else if waiting.count < Self.maximumAhead, let piece = round.take(by: number) {
                    try decode(piece, round)
                } else {
                    return waiting.isEmpty ? .done : .blocked
                }
                if now() >= deadline { return .again }
            }
        } catch {
            waiting = []
            round.fail(error)
            return .done
        }
    }

    private func decode(_ index: Int, _ round: ShardRound) throws(SQLError) {
        let piece = round.pieces[index]
        let place = DeadLetters.Place(source: topic, partition: piece.partition, offsets: piece.offsets)
        guard let batch = try source.decode(piece, with: reader) else {
            // Damage is skipped, as without shards.
            waiting.append(Decoded(piece: index, batches: [], place: place))
            return round.decoded(index, latest: paths.map { _ in nil }, rows: 0, bytes: 0)
        }
        deadLetters?.place = place
        var batches: [Batch] = []
        var latest: [Int64?] = []
        for path in paths {
            let rows = path.columns.map { batch.project($0) } ?? batch
            let timed = try path.reading.timed(rows, deadLetters)
            latest.append(path.reading.timeColumn.flatMap { timed.columns[$0].greatest })
            batches.append(path.reading.wanted(timed))
        }
        waiting.append(Decoded(piece: index, batches: batches, place: place))
        round.decoded(index, latest: latest, rows: batch.rowCount, bytes: batch.memoryBytes)
    }

    private func count(_ decoded: Decoded, _ watermarks: [Int64]) throws(SQLError) {
        deadLetters?.place = decoded.place
        for (index, batch) in decoded.batches.enumerated() where batch.rowCount > 0 {
            let input = paths[index].input
            if watermarks[index] > announced[index] {
                announced[index] = watermarks[index]
                try input.stage.advance(watermark: watermarks[index], port: input.port)
            }
            try input.stage.accept(batch, port: input.port)
        }
    }
}
