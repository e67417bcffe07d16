import Columns
import SQL

/// Computes the calls of an OVER node over whole partitions.
struct OverEvaluation {
    private let layout: OverLayout
    private let partitions: OverPartitions
    /// In the order of the places.
    private let rows: Batch
    private var frames: [OverFrame: OverFrames] = [:]

    struct Answer {
        /// The rows with the values of the calls behind them, partition by partition, each in order.
        let batch: Batch
        /// Which of the rows that were given each is.
        let rows: [UInt32]
    }

    static func answer(_ batch: Batch, _ layout: OverLayout) throws(SQLError) -> Answer {
        let partitions = try OverPartitions(batch, layout, isLeading: true)
        var evaluation = OverEvaluation(
            layout: layout, partitions: partitions, rows: batch.select(rows: partitions.rows))
        var columns = evaluation.rows.columns
        for call in layout.calls { columns.append(try evaluation.column(call)) }
        let all = Batch(schema: layout.schema, rowCount: partitions.rows.count, columns: columns)
        guard let limit = layout.limit else { return Answer(batch: all, rows: partitions.rows) }
        let ranks = partitions.ranks(limit.ranking)
        let kept = (0..<UInt32(ranks.count)).filter { ranks[Int($0)] <= limit.count }
        if kept.count == ranks.count { return Answer(batch: all, rows: partitions.rows) }
        return Answer(batch: all.select(rows: kept), rows: kept.map { partitions.rows[Int($0)] })
    }

    private init(layout: OverLayout, partitions: OverPartitions, rows: Batch) {
        self.layout = layout
        self.partitions = partitions
        self.rows = rows
    }

    private mutating func column(_ call: OverLayout.Call) throws(SQLError) -> Column {
        switch call.call.function {
        case .rowNumber: return whole(partitions.ranks(.rowNumber))
        case .rank: return whole(partitions.ranks(.rank))
        case .denseRank: return whole(partitions.ranks(.denseRank))
        case .percentRank: return percentRanks()
        case .cumeDist: return cumulativeDistribution()
        case .ntile(let buckets): return tiles(buckets)
        case .shift(let distance): return try shifted(call, by: distance)
        case .firstValue, .lastValue, .nthValue: return try frameValue(call)
        case .aggregate(let function):
            let values = try OverValues(call, rows, try frames(of: call.call.frame), layout.context)
            return try OverAggregate(call.call, function, values).column()
        }
    }

    private mutating func frames(of frame: OverFrame) throws(SQLError) -> OverFrames {
        if let known = frames[frame] { return known }
        var key: OverRangeKey?
        if frame.unit == .range, let order = layout.order.first {
            key = OverRangeKey(
                try order.expression.evaluate(rows, layout.context), isDescending: order.isDescending)
        }
        let made = OverFrames(frame, partitions, key: key)
        frames[frame] = made
        return made
    }

    private func whole(_ values: [Int64]) -> Column {
        Column(type: .int64, count: values.count, validity: nil, storage: .int64(values))
    }

    private func numbers(_ values: [Double]) -> Column {
        Column(type: .float64, count: values.count, validity: nil, storage: .float64(values))
    }

    // MARK: Rankings that know the partition's size

    private func percentRanks() -> Column {
        var values: [Double] = []
        values.reserveCapacity(rows.rowCount)
        partitions.forEachPartition { places in
            let others = Double(places.count - 1)
            for place in places {
                let before = Double(Int(partitions.peerStarts[place]) - places.lowerBound)
                values.append(others == 0 ? 0 : before / others)
            }
        }
        return numbers(values)
    }

    private func cumulativeDistribution() -> Column {
        var values: [Double] = []
        values.reserveCapacity(rows.rowCount)
        partitions.forEachPartition { places in
            for place in places {
                values.append(Double(Int(partitions.peerEnds[place]) - places.lowerBound) / Double(places.count))
            }
        }
        return numbers(values)
    }

    /// The first buckets are larger by one where the rows don't part evenly.
    private func tiles(_ buckets: Int64) -> Column {
        var values: [Int64] = []
        values.reserveCapacity(rows.rowCount)
        partitions.forEachPartition { places in
            let (size, rest) = Int64(places.count).quotientAndRemainder(dividingBy: buckets)
            for number in 0..<Int64(places.count) {
                let large = rest * (size + 1)
                values.append(number < large ? number / (size + 1) + 1 : rest + (number - large) / size + 1)
            }
        }
        return whole(values)
    }

    // MARK: Values of other rows

    /// The places with a value, and how many of them come before each place; `nil` where every place counts.
    private func valued(_ call: OverLayout.Call, _ column: Column) -> (places: [UInt32], before: [UInt32])? {
        guard call.call.ignoresNulls, let validity = column.validity else { return nil }
        var places: [UInt32] = []
        for place in 0..<column.count where validity[place] { places.append(UInt32(place)) }
        return (places, OverValues.counts(places, column.count))
    }

    private func shifted(_ call: OverLayout.Call, by distance: Int64) throws(SQLError) -> Column {
        guard let argument = call.argument else { return .nulls(.int64, count: rows.rowCount) }
        let column = try argument.evaluate(rows, layout.context)
        let valued = distance == 0 ? nil : self.valued(call, column)
        var found: [UInt32] = []
        found.reserveCapacity(rows.rowCount)
        let distance = Int(distance)
        partitions.forEachPartition { places in
            for place in places {
                var target = place + distance
                if let valued {
                    // Counted among the places with a value, from this one.
                    let number =
                        distance < 0
                        ? Int(valued.before[place]) + distance : Int(valued.before[place + 1]) + distance - 1
                    target = valued.places.indices.contains(number) ? Int(valued.places[number]) : -1
                }
                found.append(places.contains(target) ? UInt32(target) : Column.noRow)
            }
        }
        guard let otherwise = call.otherwise, found.contains(Column.noRow) else { return column.gathered(found) }
        let defaults = try otherwise.evaluate(rows, layout.context)
        let both = Column.concatenate([column, defaults], type: column.type)
        let base = UInt32(column.count)
        return both.select(rows: found.enumerated().map { $1 == Column.noRow ? base + UInt32($0) : $1 }).trimmed()
    }

    private mutating func frameValue(_ call: OverLayout.Call) throws(SQLError) -> Column {
        guard let argument = call.argument else { return .nulls(.int64, count: rows.rowCount) }
        let column = try argument.evaluate(rows, layout.context)
        let frames = try frames(of: call.call.frame)
        let valued = self.valued(call, column)
        let function = call.call.function
        if let pieces = frames.pieces { return column.gathered(pieces.map { Self.place(function, $0, valued) }) }
        let found = [UInt32](capacity: rows.rowCount) { out in
            for place in 0..<rows.rowCount {
                var (first, end) = (Int(frames.firsts[place]), Int(frames.ends[place]))
                if let valued { (first, end) = (Int(valued.before[first]), Int(valued.before[end])) }
                let target =
                    switch function {
                    case .lastValue: end - 1
                    case .nthValue(let number): first + Int(number) - 1
                    default: first
                    }
                guard target >= first, target < end else {
                    out.append(Column.noRow)
                    continue
                }
                out.append(valued.map { $0.places[target] } ?? UInt32(target))
            }
        }
        return column.gathered(found)
    }

    private static func place(
        _ function: OverCall.Function, _ pieces: FramePieces, _ valued: (places: [UInt32], before: [UInt32])?
    ) -> UInt32 {
        let pieces = valued.map { pieces.among($0.before) } ?? pieces
        let number =
            switch function {
            case .lastValue: pieces.count - 1
            case .nthValue(let number): Int(number) - 1
            default: 0
            }
        guard let place = pieces.place(number) else { return Column.noRow }
        return valued.map { $0.places[place] } ?? UInt32(place)
    }
}
