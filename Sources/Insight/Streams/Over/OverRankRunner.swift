import Columns
import SQL

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
