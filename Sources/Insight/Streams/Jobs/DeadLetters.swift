import Columns
import SQL

/// Rows that a job could make nothing of: an expression failed on them, a cast or a division by zero. They are taken out
/// of their batch and kept with the reason and their place; the job goes on with the others.
///
/// One thread at a time.
final class DeadLetters {
    /// Where the batch at hand comes from.
    struct Place: Sendable {
        let source: String
        var partition: Int?
        /// Of the topic's offsets, or of a bounded input's rows from 0.
        var offsets: Range<Int64>
    }

    /// The rows as they are written.
    static let schema = Schema([
        Field("@timestamp", .timestamp), Field("error.code", .string), Field("error.message", .string),
        Field("event.original", .string), Field("dead_letter.source", .string),
        Field("dead_letter.partition", .int64), Field("dead_letter.first_offset", .int64),
        Field("dead_letter.last_offset", .int64), Field("dead_letter.step", .string),
    ])

    /// A row is kept up to this size of its JSON; more is cut off.
    private static let maximumRowBytes = 65_536

    var place: Place?
    private(set) var count: Int64 = 0
    private var builder = BatchBuilder(schema: DeadLetters.schema, capacity: 16)
    private let now: () -> Int64

    /// - Parameter now: wall time, microseconds since 1970.
    init(now: @escaping () -> Int64) { self.now = now }

    /// Has `body` take the batch. Where it fails because of a row, it gets the batch again in pieces, without the rows
    /// that it fails on.
    ///
    /// - Parameter body: leaves no trace of a batch that it fails on.
    /// - Throws: what is no fault of a row.
    func sift(_ batch: Batch, step: String, _ body: (Batch) throws(SQLError) -> Void) throws(SQLError) {
        do throws(SQLError) {
            try body(batch)
        } catch {
            guard error.isOfOneRow, batch.rowCount > 0 else { throw error }
            // Rows that a filter took out are not counted: then the place is that of the whole batch.
            let isWhole = batch.rowCount == place?.offsets.count
            try sift(batch, from: isWhole ? 0 : nil, step: step, because: error, body)
        }
    }

    /// - Parameter first: the place of the batch's first row in the batch that was read, where it is known.
    private func sift(
        _ batch: Batch, from first: Int?, step: String, because error: SQLError,
        _ body: (Batch) throws(SQLError) -> Void
    ) throws(SQLError) {
        guard batch.rowCount > 1 else { return add(batch, at: first, step: step, error) }
        let middle = batch.rowCount / 2
        for range in [0..<middle, middle..<batch.rowCount] {
            let piece = batch.slice(range)
            do throws(SQLError) {
                try body(piece)
            } catch {
                guard error.isOfOneRow else { throw error }
                try sift(piece, from: first.map { $0 + range.lowerBound }, step: step, because: error, body)
            }
        }
    }

    /// The pieces of a batch that `check` does not fail on; the other rows are set aside.
    func pieces(
        of batch: Batch, step: String, _ check: (Batch) throws(SQLError) -> Void
    ) throws(SQLError) -> [Batch] {
        var pieces: [Batch] = []
        try sift(batch, step: step) { piece throws(SQLError) in
            try check(piece)
            pieces.append(piece)
        }
        return pieces
    }

    /// The rows for which a condition is true, `nil` for all; it is not for those that it fails on, which are set aside.
    private func select(
        _ batch: Batch, by condition: RowExpression, step: String, _ context: EvaluationContext
    ) throws(SQLError) -> [UInt32]? {
        do throws(SQLError) {
            return try condition.select(batch, context)
        } catch {
            guard error.isOfOneRow, batch.rowCount > 0 else { throw error }
            var selected: [UInt32] = []
            try select(batch, 0..<batch.rowCount, by: condition, step: step, because: error, context, into: &selected)
            return selected
        }
    }

    private func select(
        _ batch: Batch, _ range: Range<Int>, by condition: RowExpression, step: String, because error: SQLError,
        _ context: EvaluationContext, into selected: inout [UInt32]
    ) throws(SQLError) {
        guard range.count > 1 else { return add(batch.slice(range), at: nil, step: step, error) }
        let middle = range.lowerBound + range.count / 2
        for half in [range.lowerBound..<middle, middle..<range.upperBound] {
            do throws(SQLError) {
                let rows = try condition.select(batch.slice(half), context)
                let first = UInt32(half.lowerBound)
                selected += rows?.map { $0 + first } ?? Array(first..<UInt32(half.upperBound))
            } catch {
                guard error.isOfOneRow else { throw error }
                try select(batch, half, by: condition, step: step, because: error, context, into: &selected)
            }
        }
    }

    /// As `select`, or plainly where failures are the query's.
    static func select(
        _ letters: DeadLetters?, _ batch: Batch, by condition: RowExpression, step: String, _ context: EvaluationContext
    ) throws(SQLError) -> [UInt32]? {
        guard let letters else { return try condition.select(batch, context) }
        return try letters.select(batch, by: condition, step: step, context)
    }

    /// For work on rows that waited: they are not of the batch at hand.
    func withoutPlace<Result>(_ body: () throws(SQLError) -> Result) throws(SQLError) -> Result {
        let known = place
        place = nil
        defer { place = known }
        return try body()
    }

    /// - Parameter row: a batch of one row, of which it isn't known where it lies.
    func setAside(_ row: Batch, step: String, _ error: SQLError) {
        let known = place
        place = nil
        add(row, at: nil, step: step, error)
        place = known
    }

    private func add(_ row: Batch, at index: Int?, step: String, _ error: SQLError) {
        count += 1
        var writer = JSONWriter(names: row.schema.fields.map(\.name))
        writer.append(row, prefix: "", suffix: "")
        let text = writer.take()
        builder[0].append(int64: now())
        builder[1].append(string: error.code.rawValue)
        builder[2].append(string: error.message)
        builder[3].append(bytes: text, in: 0..<min(text.count, Self.maximumRowBytes))
        if let place {
            let offsets = index.map { place.offsets.lowerBound + Int64($0) }.map { $0..<$0 + 1 } ?? place.offsets
            builder[4].append(string: place.source)
            if let partition = place.partition { builder[5].append(int64: Int64(partition)) }
            builder[6].append(int64: offsets.lowerBound)
            builder[7].append(int64: offsets.upperBound - 1)
        }
        builder[8].append(string: step)
        builder.endRow()
    }

    /// What came together since the last call.
    func take() -> Batch? {
        guard builder.rowCount > 0 else { return nil }
        return builder.finish()
    }
}

extension SQLError {
    /// Whether the values of a row are to blame, so that the others of its batch can do without it.
    var isOfOneRow: Bool {
        switch code {
        case .evaluation, .divisionByZero, .castFailure, .outOfRange: true
        default: false
        }
    }
}
