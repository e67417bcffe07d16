import Columns
import SQL

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
