import Columns
import SQL

/// The rows of a batch partition by partition, each in order. A *place* is where a row stands there.
struct OverPartitions {
    /// The batch's row at each place.
    let rows: [UInt32]
    /// The first place of each partition, then the number of rows.
    let starts: [Int]
    /// The place of the first peer of each place, and the place behind the last: rows that the order leaves equal.
    let peerStarts: [UInt32]
    let peerEnds: [UInt32]

    /// - Parameter isLeading: rows beyond a bounded rank may be left out, where nothing else is asked about them.
    init(_ batch: Batch, _ layout: OverLayout, isLeading: Bool = false) throws(SQLError) {
        let order = try layout.orderColumns(batch)
        var (rows, starts) = Self.parted(try layout.partitionKeys(batch), layout.partitionTypes, batch.rowCount)
        if isLeading, let count = layout.leadingRows, !order.isEmpty {
            (rows, starts) = Self.leading(count, rows, starts, by: order)
        } else {
            for (start, end) in zip(starts, starts.dropFirst()) { Self.sort(&rows, start..<end, by: order) }
        }
        self.rows = rows
        self.starts = starts
        (peerStarts, peerEnds) = Self.peers(rows, starts, order)
    }

    /// The partition of each place, as the range of its places.
    func forEachPartition(_ body: (Range<Int>) -> Void) {
        for index in 0..<starts.count - 1 { body(starts[index]..<starts[index + 1]) }
    }

    /// The rank of each place, from 1.
    func ranks(_ ranking: OverSpecification.RankLimit.Ranking) -> [Int64] {
        var ranks: [Int64] = []
        ranks.reserveCapacity(rows.count)
        let peerStarts = peerStarts.span
        forEachPartition { places in
            var dense: Int64 = 0
            for place in places {
                switch ranking {
                case .rowNumber: ranks.append(Int64(place - places.lowerBound + 1))
                case .rank: ranks.append(Int64(Int(peerStarts[place]) - places.lowerBound + 1))
                case .denseRank:
                    if Int(peerStarts[place]) == place { dense += 1 }
                    ranks.append(dense)
                }
            }
        }
        return ranks
    }

    /// Rows by partition, those of one as they came.
    private static func parted(
        _ keys: [Column], _ types: [FieldType], _ count: Int
    ) -> (rows: [UInt32], starts: [Int]) {
        guard !keys.isEmpty, count > 0 else {
            return ([UInt32](capacity: count) { out in for row in 0..<count { out.append(UInt32(row)) } }, [0, count])
        }
        var table = GroupTable(types: types)
        let groups = table.groups(of: keys, rowCount: count)
        var next = [Int](repeating: 0, count: table.count + 1)
        for group in groups { next[Int(group) + 1] += 1 }
        var starts: [Int] = []
        for group in 1..<next.count {
            if next[group] > 0 { starts.append(next[group - 1]) }
            next[group] += next[group - 1]
        }
        starts.append(count)
        var rows = [UInt32](repeating: 0, count: count)
        for (row, group) in groups.enumerated() {
            rows[next[Int(group)]] = UInt32(row)
            next[Int(group)] += 1
        }
        return (rows, starts)
    }

    private static func isBefore(_ left: UInt32, _ right: UInt32, _ order: [SortColumn]) -> Bool {
        for column in order {
            let result = column.compare(Int(left), Int(right))
            if result != 0 { return result < 0 }
        }
        return left < right
    }

    /// The first rows of each partition in order, without an order of the others.
    private static func leading(
        _ count: Int, _ rows: [UInt32], _ starts: [Int], by order: [SortColumn]
    ) -> (rows: [UInt32], starts: [Int]) {
        var kept: [UInt32] = []
        var begins: [Int] = []
        for (start, end) in zip(starts, starts.dropFirst()) {
            let begin = kept.count
            begins.append(begin)
            for row in rows[start..<end] {
                if kept.count - begin == count {
                    guard isBefore(row, kept[kept.count - 1], order) else { continue }
                    kept.removeLast()
                }
                var place = kept.count
                while place > begin, isBefore(row, kept[place - 1], order) { place -= 1 }
                kept.insert(row, at: place)
            }
        }
        return (kept, begins + [kept.count])
    }

    private static func sort(_ rows: inout [UInt32], _ places: Range<Int>, by order: [SortColumn]) {
        guard let first = order.first, places.count > 1 else { return }
        func isBefore(_ left: UInt32, _ right: UInt32) -> Bool { Self.isBefore(left, right, order) }
        // Rows mostly come in order already.
        var isSorted = true
        for place in places.dropFirst() where isBefore(rows[place], rows[place - 1]) {
            isSorted = false
            break
        }
        if isSorted { return }
        guard case .ranks(let ranks) = first.keys else {
            rows[places].sort(by: isBefore)
            return
        }
        let others = order.count > 1
        var pairs: [(rank: SortColumn.Rank, row: UInt32)] = []
        pairs.reserveCapacity(places.count)
        for place in places { pairs.append((ranks[Int(rows[place])], rows[place])) }
        pairs.sort { left, right in
            if left.rank != right.rank { return left.rank < right.rank }
            return others ? isBefore(left.row, right.row) : left.row < right.row
        }
        for (index, pair) in pairs.enumerated() { rows[places.lowerBound + index] = pair.row }
    }

    private static func peers(
        _ rows: [UInt32], _ starts: [Int], _ order: [SortColumn]
    ) -> (starts: [UInt32], ends: [UInt32]) {
        var firsts = [UInt32](repeating: 0, count: rows.count)
        var ends = [UInt32](repeating: 0, count: rows.count)
        for (start, end) in zip(starts, starts.dropFirst()) {
            var first = start
            for place in start..<end {
                if place > first {
                    let (left, right) = (Int(rows[place - 1]), Int(rows[place]))
                    if order.contains(where: { $0.compare(left, right) != 0 }) {
                        for peer in first..<place { ends[peer] = UInt32(place) }
                        first = place
                    }
                }
                firsts[place] = UInt32(first)
            }
            for peer in first..<end { ends[peer] = UInt32(end) }
        }
        return (firsts, ends)
    }
}
