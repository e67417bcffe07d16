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

/// Where the frames of one kind begin, partition by partition. They all end with the current row.
struct OverCursor {
    enum Reach: Hashable {
        /// The current row and so many before it.
        case rows(Int)
        /// Rows that are at most so much earlier.
        case range(Int64)
    }

    /// What the frame of each row of a run is: its first place, and how many rows.
    struct Frames {
        var firsts: [Int] = []
        var sizes: [Int] = []
    }

    let reach: Reach
    private var heads: [Int] = []
    private var sizes: [Int] = []

    init(reach: Reach) { self.reach = reach }

    var byteCount: Int { (heads.capacity + sizes.capacity) * 8 }

    mutating func advance(_ run: OverRun, _ history: OverHistory) -> Frames {
        heads.grow(to: run.partitionCount, filling: OverHistory.none)
        sizes.grow(to: run.partitionCount, filling: 0)
        var frames = Frames()
        frames.firsts.reserveCapacity(run.count)
        frames.sizes.reserveCapacity(run.count)
        for (index, partition) in run.partitions.enumerated() {
            let (place, partition) = (run.base + index, Int(partition))
            if heads[partition] < 0 { heads[partition] = place }
            sizes[partition] += 1
            switch reach {
            case .rows(let rows):
                if sizes[partition] > rows + 1 { drop(partition, history) }
            case .range(let distance):
                let bound = Self.earlier(run.times[index], by: distance)
                while history.times[heads[partition]] < bound { drop(partition, history) }
            }
            frames.firsts.append(heads[partition])
            frames.sizes.append(sizes[partition])
        }
        return frames
    }

    /// Marks the rows that frames of later rows reach, all of which are later than `time`.
    mutating func markNeeded(_ needed: inout [Bool], after time: Int64, _ history: OverHistory) {
        for partition in heads.indices where heads[partition] >= 0 {
            switch reach {
            case .rows(let rows): if sizes[partition] > rows { drop(partition, history) }
            case .range(let distance):
                let bound = Self.earlier(time &+ 1, by: distance)
                while heads[partition] >= 0, history.times[heads[partition]] < bound { drop(partition, history) }
            }
            var place = heads[partition]
            while place >= 0 {
                needed[place] = true
                place = history.next[place]
            }
        }
    }

    private mutating func drop(_ partition: Int, _ history: OverHistory) {
        heads[partition] = history.next[heads[partition]]
        sizes[partition] -= 1
    }

    private static func earlier(_ time: Int64, by distance: Int64) -> Int64 {
        let (bound, overflow) = time.subtractingReportingOverflow(distance)
        return overflow ? .min : bound
    }
}
