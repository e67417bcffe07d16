import Columns
import SQL

/// The rows of a live OVER that the frames of later rows may reach, in flat arrays by place: those of a partition are
/// chained in order, so that a frame's first row is found by going on from the one before.
struct OverHistory {
    /// No row.
    static let none = -1

    private(set) var times: [Int64] = []
    private(set) var partitions: [UInt32] = []
    /// The next row of the same partition.
    private(set) var next: [Int] = []
    /// The rows that something beyond the frames needs.
    var isPinned: [Bool] = []
    private var last: [Int] = []

    var count: Int { times.count }

    var byteCount: Int {
        times.capacity * 8 + partitions.capacity * 4 + next.capacity * 8 + isPinned.capacity + last.capacity * 8
    }

    mutating func append(_ run: OverRun) {
        last.grow(to: run.partitionCount, filling: Self.none)
        for (index, partition) in run.partitions.enumerated() {
            let (place, partition) = (times.count, Int(partition))
            if last[partition] >= 0 { next[last[partition]] = place }
            last[partition] = place
            times.append(run.times[index])
            partitions.append(UInt32(partition))
            next.append(Self.none)
            isPinned.append(false)
        }
    }
}

/// Rows that a watermark has brought, partition by partition, each in order.
struct OverRun {
    /// The history's place of the first; the others follow.
    let base: Int
    /// The number of each row's partition, and one more than the largest there is.
    let partitions: [UInt32]
    let partitionCount: Int
    let times: [Int64]
    /// The first peer of each row, and the one behind the last, as indices of the run.
    let peerStarts: [UInt32]
    let peerEnds: [UInt32]

    var count: Int { partitions.count }
}
