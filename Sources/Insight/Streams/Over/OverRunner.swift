import Columns
import SQL

/// One function of a live OVER: takes the rows in order and keeps what later rows need, partition by partition.
///
/// Frames end with the current row. Those that begin with the partition have a state each that goes on for good (it is
/// *running*); of the others all that is known follows from the rows of the history, which are taken once more after a
/// start or when the history was thinned out.
class OverRunner {
    /// The values of the function's argument in the history, where it looks back at them.
    var values: OverValueStore?

    /// The results of a run.
    ///
    /// - Parameters:
    ///   - argument: over the run, null where the row doesn't count; `nil` for `COUNT(*)` without a filter.
    ///   - frames: of the function's cursor, where it has one.
    ///   - isReplay: the rows were taken before: they are in the running states, and nobody waits for results.
    final func step(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        if let argument { values?.append(argument) }
        return advance(run, &history, argument, frames, isReplay: isReplay)
    }

    func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        preconditionFailure("each function has a result")
    }

    /// Forgets all that follows from the history.
    func forgetHistory() { if let argumentType { values = OverValueStore(type: argumentType) } }

    /// Marks the rows that the function needs whatever its frame.
    func markNeeded(_ needed: inout [Bool]) {}

    /// Whether it has a running state.
    var isRunning: Bool { false }

    /// The running states of all partitions, a row each.
    func stateColumns(partitionCount: Int) -> [Column] { [] }

    /// Forgets the running states.
    func forgetRunning() {}

    /// Takes over what `stateColumns` gave: row `i` is of `partitions[i]`.
    func restore(_ columns: [Column], into partitions: [UInt32], partitionCount: Int) throws(SQLError) {}

    var byteCount: Int { values?.byteCount ?? 0 }

    /// The type of the values, where the function keeps them.
    let argumentType: FieldType?

    init(argumentType: FieldType?) {
        self.argumentType = argumentType
        values = argumentType.map { OverValueStore(type: $0) }
    }

    /// Each row with the result of its last peer.
    final func atPeerEnds(_ column: Column, _ run: OverRun) -> Column {
        column.select(rows: run.peerEnds.map { $0 - 1 })
    }
}

extension Column {
    static func integers(_ values: [Int64]) -> Column {
        Column(type: .int64, count: values.count, validity: nil, storage: .int64(values))
    }
}

/// `ROW_NUMBER`, `RANK` and `DENSE_RANK`. Peers come together: they are of one time.
final class OverRankRunner: OverRunner {
    private let ranking: OverSpecification.RankLimit.Ranking
    /// Rows, and groups of peers, so far.
    private var rows: [Int64] = []
    private var groups: [Int64] = []

    init(_ ranking: OverSpecification.RankLimit.Ranking) {
        self.ranking = ranking
        super.init(argumentType: nil)
    }

    override var isRunning: Bool { true }

    override func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        isReplay ? nil : .integers(ranks(run))
    }

    func ranks(_ run: OverRun) -> [Int64] {
        rows.grow(to: run.partitionCount, filling: 0)
        groups.grow(to: run.partitionCount, filling: 0)
        var rank: Int64 = 0
        return [Int64](capacity: run.count) { out in
            for (index, partition) in run.partitions.enumerated() {
                let partition = Int(partition)
                if Int(run.peerStarts[index]) == index {
                    rank = rows[partition] + 1
                    groups[partition] += 1
                }
                rows[partition] += 1
                switch ranking {
                case .rowNumber: out.append(rows[partition])
                case .rank: out.append(rank)
                case .denseRank: out.append(groups[partition])
                }
            }
        }
    }

    override func stateColumns(partitionCount: Int) -> [Column] {
        rows.grow(to: partitionCount, filling: 0)
        groups.grow(to: partitionCount, filling: 0)
        return [.integers(Array(rows.prefix(partitionCount))), .integers(Array(groups.prefix(partitionCount)))]
    }

    override func restore(
        _ columns: [Column], into partitions: [UInt32], partitionCount: Int
    ) throws(SQLError) {
        guard columns.count == 2, let savedRows = columns[0].int64s, let savedGroups = columns[1].int64s else {
            throw StateCodec.damaged("the columns of a rank")
        }
        rows.grow(to: partitionCount, filling: 0)
        groups.grow(to: partitionCount, filling: 0)
        for (index, partition) in partitions.enumerated() {
            rows[Int(partition)] = savedRows[index]
            groups[Int(partition)] = savedGroups[index]
        }
    }

    override func forgetRunning() { (rows, groups) = ([], []) }

    override var byteCount: Int { (rows.capacity + groups.capacity) * 8 }
}
