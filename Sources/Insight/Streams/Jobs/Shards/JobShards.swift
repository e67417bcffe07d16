import Columns
import EventLog
import SQL

/// The shards of one input of a job. They take the input's pieces as they come, whatever their keys, and count each in a
/// state of its own; what they have of a window is merged when it closes. So hot keys and few keys are shared out like
/// any others.
///
/// Rounds follow each other: between two the shards rest, and that is where checkpoints are taken.
final class JobShards {
    /// Pieces of a round for each shard: enough that the last ones don't matter, few enough that windows don't wait.
    static let piecesPerLane = 48

    let lanes: [ShardLane]
    private let tasks: [ShardTask<ShardLane>]
    private let service: QueryService
    /// Answers windows together, while no round is under way.
    let team: ForkJoin
    private(set) var round: ShardRound?

    init(_ lanes: [ShardLane], service: QueryService) {
        self.lanes = lanes
        self.service = service
        tasks = lanes.dropFirst().map { ShardTask($0, service: service) }
        team = ForkJoin(threads: lanes.count, pool: service.pool)
        for task in tasks { service.pool.add(task) }
    }

    var piecesOfRound: Int { lanes.count * Self.piecesPerLane }

    /// - Parameter wake: has the job go on.
    func begin(
        _ pieces: [LogPiece], trackers: [WatermarkTracker], now: Int64, wake: @escaping @Sendable () -> Void
    ) {
        let tasks = tasks
        let round = ShardRound(pieces, shards: lanes.count, trackers: trackers, now: now) {
            wake()
            for task in tasks { task.wake() }
        }
        self.round = round
        // One piece is done sooner than told.
        for task in tasks.prefix(pieces.count - 1) { task.begin(round) }
    }

    /// The job's own thread does what the first shard has to do.
    ///
    /// - Returns: what the round has come to; `nil` while shards are at it.
    func work(until deadline: Int64) throws(SQLError) -> (progress: ShardProgress, result: RoundProgress.Result?) {
        guard let round else { return (.done, nil) }
        let progress = lanes[0].work(on: round, until: deadline, now: { service.systemNanoseconds() })
        let result = try round.result()
        if result != nil { self.round = nil }
        return (progress, result)
    }

    /// What no expression could make anything of, in all shards.
    func takeDeadLetters() -> [Batch] { lanes.compactMap { $0.deadLetters?.take() } }

    func close() {
        for task in tasks { task.cancel() }
        team.close()
    }
}
