import Columns
import SQL

/// `MATCH_RECOGNIZE`: rows wait for the watermark, go in the order of time to their partitions, and each partition
/// searches on. A bounded input is put in order at its end.
struct MatchRecognize: ~Copyable, StreamOperator {
    private let layout: MatchLayout
    private let isLive: Bool
    private var pending: PendingRows
    private var store = MatchRows()
    private var groups: GroupTable
    private var partitions: [MatchSearch] = []
    private var context: MatchContext
    private var watermark = Int64.min
    /// No attempt runs out of its `WITHIN` before this; perhaps none does then.
    private var nextDeadline = Int64.max
    private var heldRows = 0
    private var searchBytes = 0
    private(set) var lateRows = 0

    init(layout: MatchLayout, pending: PendingRows, isLive: Bool) {
        self.layout = layout
        self.isLive = isLive
        self.pending = pending
        self.groups = GroupTable(types: layout.keyTypes)
        self.context = MatchContext(layout: layout)
    }

    var keeps: String? {
        "rows until the watermark, then a partition's rows that a match can still begin with or go on from"
    }

    var stateBytes: Int {
        pending.byteCount + store.byteCount + groups.byteCount + searchBytes
            + partitions.capacity * MemoryLayout<MatchSearch>.stride
    }

    static var forgetsFailures: Bool { true }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        // While it is known where its rows lie: they are computed when the watermark has passed them.
        if layout.deadLetters != nil { _ = try layout.storedRows(batch) }
        lateRows += pending.append(batch, after: isLive ? watermark : nil)
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard isLive, watermark > self.watermark else { return }
        self.watermark = watermark
        let rows = try pending.take(through: watermark)
        if let rows { try search(try layout.storedRows(rows)) }
        // A look at all partitions brings the deadline up to date; not more work than the rows were.
        if watermark >= nextDeadline || partitions.count <= max(4_096, (rows?.rowCount ?? 0) * 4) { try expire() }
        try context.answer(into: &output)
        compact()
    }

    /// A match that is still open will be as old as its first row, perhaps. Without `WITHIN` one may stay open for
    /// ever, and nothing waits for it.
    func outputWatermark(_ watermark: Int64) -> Int64 {
        guard let within = layout.within, nextDeadline != .max else { return watermark }
        return min(watermark, nextDeadline - within - 1)
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        if let rows = try pending.take(through: .max) { try search(try layout.storedRows(rows)) }
        for index in partitions.indices { try partitions[index].finish(&context, store) }
        try context.answer(into: &output)
        partitions = []
        store = MatchRows()
        heldRows = 0
        searchBytes = 0
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(lateRows)
        if !pending.batches.isEmpty { state.append(pending.batches, as: "pending") }
        // What an attempt knows follows from its rows.
        if let rows = store.gather(partitions.flatMap { $0.rows[$0.head...] }) { state.append([rows], as: "rows") }
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        let keys = table == "pending" ? try layout.partitionKeys(rows) : rows.columns
        return places.map { keys[$0] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        watermark = state[number: "watermark"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        for batch in state.batches("pending") {
            guard batch.schema == pending.schema else {
                throw SQLError(code: .stateMismatch, message: "the rows that wait were saved of other columns")
            }
            _ = pending.append(batch, after: nil)
        }
        context.isReplaying = true
        defer { context.isReplaying = false }
        for batch in state.batches("rows") {
            guard batch.schema == layout.storedSchema else {
                throw SQLError(
                    code: .stateMismatch, message: "partial matches were saved of other conditions or measures")
            }
            try search(batch)
        }
        return []
    }

    /// Hands rows, in the order of time, to their partitions.
    private mutating func search(_ rows: Batch) throws(SQLError) {
        let numbers = groups.groups(of: Array(rows.columns[..<layout.keyCount]), rowCount: rows.rowCount)
        while partitions.count < groups.count { partitions.append(MatchSearch()) }
        let first = store.append(rows)
        context.work.rows += rows.rowCount
        for row in 0..<rows.rowCount {
            let partition = Int(numbers[row])
            let (held, bytes) = (partitions[partition].heldRows, partitions[partition].byteCount)
            partitions[partition].rows.append(first + MatchRows.Place(row))
            try partitions[partition].advance(&context, store)
            heldRows += partitions[partition].heldRows - held
            searchBytes += partitions[partition].byteCount - bytes
            noteDeadline(of: partition)
        }
    }

    private mutating func noteDeadline(of partition: Int) {
        guard let within = layout.within, partitions[partition].isActive else { return }
        nextDeadline = min(nextDeadline, partitions[partition].startTime(layout, store) + within)
    }

    private mutating func expire() throws(SQLError) {
        guard layout.within != nil else { return }
        nextDeadline = .max
        for partition in partitions.indices where partitions[partition].isActive {
            let (held, bytes) = (partitions[partition].heldRows, partitions[partition].byteCount)
            try partitions[partition].expire(watermark, &context, store)
            heldRows += partitions[partition].heldRows - held
            searchBytes += partitions[partition].byteCount - bytes
            noteDeadline(of: partition)
        }
    }

    /// Lets go of rows that no attempt needs, and of partitions without rows, once they are the larger part.
    private mutating func compact() {
        guard store.batches.count > 64 || store.rowCount > 2 * heldRows + 4_096 else { return }
        var kept = partitions.filter { $0.heldRows > 0 }
        for index in kept.indices { kept[index].trim() }
        let rows = store.gather(kept.flatMap(\.rows))
        store = MatchRows()
        groups = GroupTable(types: layout.keyTypes)
        partitions = []
        searchBytes = 0
        guard let rows else { return }
        let numbers = groups.groups(of: Array(rows.columns[..<layout.keyCount]), rowCount: rows.rowCount)
        partitions = Array(repeating: MatchSearch(), count: groups.count)
        var place = store.append(rows)
        var row = 0
        for var search in kept {
            let partition = Int(numbers[row])
            row += search.rows.count
            for index in search.rows.indices {
                search.rows[index] = place
                place += 1
            }
            searchBytes += search.byteCount
            partitions[partition] = search
        }
    }
}
