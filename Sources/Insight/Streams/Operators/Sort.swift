import Columns
import SQL

/// `ORDER BY`, with what `LIMIT` and `OFFSET` behind it need: with a limit only that many rows are held.
struct Sort: StreamOperator {
    private let order: SortOrder
    private let limit: Int?
    private let sortsAtWatermarks: Bool
    private var held: [Batch] = []
    private var heldRows = 0
    private var bytes = 0
    /// What memory doesn't hold; `nil` where it has to.
    private var runs: SortedRuns?
    private let thresholdBytes: Int
    private(set) var isDraining = false
    /// Rows that are still wanted of the runs.
    private var rowsLeft = Int.max

    /// - Parameters:
    ///   - limit: rows needed, offset included.
    ///   - sortsAtWatermarks: the input comes in the order of the first keys already, one watermark's rows after the
    ///     other's (windows that close): rows are put in order, and passed on, at each watermark.
    ///   - spill: takes rows that are too many for memory.
    init(order: SortOrder, limit: Int?, sortsAtWatermarks: Bool, spill: SpillSpace? = nil) {
        runs = sortsAtWatermarks ? nil : spill.map { SortedRuns(order, $0) }
        thresholdBytes = spill?.thresholdBytes ?? .max
        self.order = order
        self.limit = limit
        self.sortsAtWatermarks = sortsAtWatermarks
    }

    var stateBytes: Int { bytes }

    var keeps: String? {
        if sortsAtWatermarks { return "the rows of the windows that close together" }
        return limit.map { "the first \($0) rows" } ?? "all rows, up to the end"
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        if limit == 0 { return }
        held.append(batch)
        heldRows += batch.rowCount
        bytes += batch.memoryBytes
        if let limit, !sortsAtWatermarks, heldRows > 32_768, heldRows / 2 > limit { try shrink(to: limit) }
        if runs != nil, bytes > thresholdBytes { try putAside() }
    }

    private mutating func putAside() throws(SQLError) {
        var sorted: [Batch] = []
        try emit(limit: limit, output: &sorted)
        if !sorted.isEmpty { try runs?.append(Batch.concatenate(sorted)) }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        if sortsAtWatermarks { try emit(limit: nil, output: &output) }
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        if let runs, !runs.isEmpty {
            try putAside()
            rowsLeft = limit ?? .max
            isDraining = true
            return
        }
        try emit(limit: sortsAtWatermarks ? nil : limit, output: &output)
    }

    mutating func drain(output: inout [Batch]) throws(SQLError) {
        guard rowsLeft > 0, let batch = try runs?.next() else {
            isDraining = false
            runs = nil
            return
        }
        batch.slice(0..<min(batch.rowCount, rowsLeft)).appendPieces(to: &output)
        rowsLeft -= min(batch.rowCount, rowsLeft)
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        if !held.isEmpty { state.append(held, as: "held") }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        for batch in state.batches("held") {
            held.append(batch)
            heldRows += batch.rowCount
            bytes += batch.memoryBytes
        }
        return []
    }

    private mutating func shrink(to limit: Int) throws(SQLError) {
        let all = Batch.concatenate(held)
        let kept = all.select(rows: try order.rows(of: all, limit: limit)).compacted()
        held = [kept]
        heldRows = kept.rowCount
        bytes = kept.memoryBytes
    }

    private mutating func emit(limit: Int?, output: inout [Batch]) throws(SQLError) {
        guard !held.isEmpty else { return }
        let all = Batch.concatenate(held)
        held = []
        heldRows = 0
        bytes = 0
        all.select(rows: try order.rows(of: all, limit: limit)).appendPieces(to: &output)
    }
}

extension Batch {
    /// What the columns hold, roughly; shared storage counts in full.
    var memoryBytes: Int {
        var total = 64
        for column in columns {
            total += column.validity.map { $0.words.count * 8 } ?? 0
            switch column.storage {
            case .bool(let bits): total += bits.words.count * 8
            case .int64(let values): total += values.count * 8
            case .float64(let values): total += values.count * 8
            case .ip(let values): total += values.count * 16
            case .decimal(let values): total += values.count * 16
            case .byteStrings(let strings): total += strings.bytes.count + strings.offsets.count * 4
            case .dictionary(let codes, let values):
                total += codes.count * 4 + values.bytes.count + values.offsets.count * 4
            }
        }
        return total
    }

    /// The same rows with dictionaries of only what is used, so that a few rows don't keep many values alive.
    func compacted() -> Batch {
        Batch(
            schema: schema, rowCount: rowCount,
            columns: columns.map { column in
                guard case .dictionary(let codes, let values) = column.storage, values.count > codes.count else {
                    return column
                }
                var strings = ByteStrings()
                strings.offsets.reserveCapacity(codes.count + 1)
                for code in codes { strings.append(values.bytes[values.range(Int(code))]) }
                return Column(
                    type: column.type, count: column.count, validity: column.validity, storage: .byteStrings(strings))
            })
    }
}
