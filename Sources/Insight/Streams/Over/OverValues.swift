import Columns
import SQL

/// What an aggregate of a call takes of the rows: the values that count one after the other, without nulls and rows that
/// `FILTER` leaves out, and for each place the range of them that is in its frame.
struct OverValues {
    /// `nil` for `COUNT(*)`.
    let column: Column?
    /// Neither goes back from one place to the next, over all partitions.
    let starts: [UInt32]
    let ends: [UInt32]
    /// The values of each frame where it excludes some.
    let pieces: [FramePieces]?

    init(
        _ call: OverLayout.Call, _ rows: Batch, _ frames: OverFrames, _ context: EvaluationContext
    ) throws(SQLError) {
        // Filter first: the argument isn't computed where the filter says no.
        let filtered = try call.filter?.select(rows, context)
        var taken: [UInt32]?
        var values: Column?
        if let argument = call.argument {
            let batch = filtered.map { rows.select(rows: $0) } ?? rows
            let column = try argument.evaluate(batch, context)
            if let validity = column.validity, validity.setCount < column.count {
                var kept: [UInt32] = []
                for row in 0..<column.count where validity[row] { kept.append(UInt32(row)) }
                values = column.select(rows: kept).trimmed()
                taken = filtered.map { filtered in kept.map { filtered[Int($0)] } } ?? kept
            } else {
                values = column.trimmed()
                taken = filtered
            }
        } else {
            taken = filtered
        }
        column = values
        guard let taken else {
            (starts, ends) = (frames.firsts, frames.ends)
            pieces = frames.pieces
            return
        }
        let before = Self.counts(taken, rows.rowCount)
        starts = frames.firsts.map { before[Int($0)] }
        ends = frames.ends.map { before[Int($0)] }
        pieces = frames.pieces?.map { $0.among(before) }
    }

    /// How many of the `taken` rows come before each place, and how many there are.
    static func counts(_ taken: [UInt32], _ count: Int) -> [UInt32] {
        [UInt32](capacity: count + 1) { out in
            var next = 0
            for place in 0..<count {
                out.append(UInt32(next))
                if next < taken.count, Int(taken[next]) == place { next += 1 }
            }
            out.append(UInt32(next))
        }
    }
}

extension Column {
    /// Stands for no row in `gathered`.
    static let noRow = UInt32.max

    /// The rows at these places; null for `noRow`.
    func gathered(_ rows: [UInt32]) -> Column {
        guard rows.contains(Self.noRow) else { return select(rows: rows) }
        guard count > 0 else { return .nulls(type, count: rows.count) }
        let picked = select(rows: rows.map { $0 == Self.noRow ? 0 : $0 })
        var validity = picked.validity ?? Bitmap(repeating: true, count: rows.count)
        for (index, row) in rows.enumerated() where row == Self.noRow { validity[index] = false }
        return Column(type: type, count: rows.count, validity: validity, storage: picked.storage)
    }
}
