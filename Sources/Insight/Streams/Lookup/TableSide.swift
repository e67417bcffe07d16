import Columns
import SQL

/// A table that is held as a whole: one that follows its topic, or one that is read anew when it has changed.
final class TableSide: LookupSide {
    enum Supply {
        /// Rows of the topic, as the scan reads them, become rows of the table.
        case changes(TableChain)
        case whole(LookupReload)
    }

    private let leftKeys: [RowExpression]
    private let rightKeys: [RowExpression]
    private let identity: [Int]
    private let supply: Supply
    private let context: EvaluationContext
    private let now: () -> Int64
    private var table: LookupTable
    private var isLoaded: Bool
    private var nextLoad = Int64.min

    /// - Parameters:
    ///   - schema: of the table's rows.
    ///   - now: monotonic, microseconds.
    init(
        _ join: JoinSpecification, schema: Schema, supply: Supply, context: EvaluationContext,
        now: @escaping () -> Int64
    ) throws(SQLError) {
        var keys: (left: [RowExpression], right: [RowExpression]) = ([], [])
        for key in join.leftKeys { keys.left.append(try RowExpression(key)) }
        for key in join.rightKeys { keys.right.append(try RowExpression(key)) }
        (leftKeys, rightKeys) = keys
        self.supply = supply
        self.context = context
        self.now = now
        if case .changes = supply {
            identity = join.lookup?.primaryKey ?? []
            isLoaded = true
        } else {
            identity = []
            isLoaded = false
        }
        table = LookupTable(
            schema: schema, keyTypes: join.leftKeys.map(\.type.fieldType),
            identityTypes: identity.map { schema.fields[$0].type })
    }

    var bytes: Int { table.bytes }

    var keeps: String {
        switch supply {
        case .changes: "the latest row of each key"
        case .whole(let reload):
            reload.interval.map { "the table, read anew when it has changed, looked at each \(DurationText.of($0))" }
                ?? "the table"
        }
    }

    func check(_ batch: Batch) throws(SQLError) { _ = try columns(leftKeys, batch) }

    func check(change batch: Batch) throws(SQLError) {
        guard case .changes(let chain) = supply else { return }
        for rows in try chain.rows(of: batch) { _ = try columns(rightKeys, rows) }
    }

    func begin(_ batch: Batch) throws(SQLError) { try poll() }

    func isReady(_ work: Void) -> Bool { isLoaded }

    func pairs(
        _ batch: Batch, _ work: Void, _ body: (Range<Int>, [UInt32], Batch) throws(SQLError) -> Void
    ) throws(SQLError) {
        let numbers = table.numbers(of: try columns(leftKeys, batch), rowCount: batch.rowCount)
        var partners: [UInt32] = []
        var places: [Int] = []
        var start = 0
        for (row, number) in numbers.enumerated() {
            let first = places.count
            table.rows.forEach(key: number) { places.append($0) }
            // The latest comes first; people expect the table's order.
            places[first...].reverse()
            partners.append(contentsOf: repeatElement(UInt32(row), count: places.count - first))
            guard places.count >= LookupPairs.atOnce else { continue }
            try body(start..<row + 1, partners, table.rows.gather(places))
            partners.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
            start = row + 1
        }
        if start < batch.rowCount { try body(start..<batch.rowCount, partners, table.rows.gather(places)) }
        if table.isWasteful { try rebuild() }
    }

    func change(_ batch: Batch) throws(SQLError) {
        guard case .changes(let chain) = supply else { return }
        let deletes = chain.deletes(batch)
        // Row for row: nothing is left out on the way.
        var start = 0
        for rows in try chain.rows(of: batch) {
            try put(rows, deletes: deletes.map { Array($0[start..<start + rows.rowCount]) })
            start += rows.rowCount
        }
        if table.isWasteful { try rebuild() }
    }

    func poll() throws(SQLError) {
        guard case .whole(let reload) = supply else { return }
        if let result = reload.take() {
            switch result {
            case .success(let rows): if let rows { try replace(rows) }
            case .failure(let error):
                // The rows that are known are better than none.
                guard isLoaded else { throw error }
            }
            nextLoad = reload.interval.map { now() + $0 } ?? .max
        }
        guard !reload.isUnderWay, now() >= nextLoad else { return }
        reload.begin()
    }

    private func replace(_ rows: [Batch]) throws(SQLError) {
        table.removeAll()
        for batch in rows where batch.rowCount > 0 { try put(batch, deletes: nil) }
        isLoaded = true
    }

    private func put(_ batch: Batch, deletes: [Bool]?) throws(SQLError) {
        let rows = Batch(schema: table.rows.schema, rowCount: batch.rowCount, columns: batch.columns)
        table.put(
            rows, keys: try columns(rightKeys, rows), identity: identity.map { rows.columns[$0] }, deletes: deletes)
    }

    private func rebuild() throws(SQLError) {
        let rows = table.remaining()
        table.removeAll()
        for batch in rows { try put(batch, deletes: nil) }
    }

    private func columns(_ keys: [RowExpression], _ batch: Batch) throws(SQLError) -> [Column] {
        var columns: [Column] = []
        for key in keys { columns.append(try key.evaluate(batch, context)) }
        return columns
    }

    func saveState(into state: inout OperatorState) {
        if case .changes = supply { state.append(table.remaining(), as: "table") }
    }

    func loadState(from state: OperatorState) throws(SQLError) {
        guard case .changes = supply else { return }
        for batch in state.batches("table") {
            guard batch.schema == table.rows.schema else {
                throw SQLError(code: .stateMismatch, message: "the rows of the table had other columns")
            }
            try put(batch, deletes: nil)
        }
    }
}

/// What stands between the scan of a table and its rows: columns are computed and left out.
final class TableChain {
    private let query: PhysicalQuery
    /// Columns of the scan that say something besides the key; a row that has none of them deletes.
    private let values: [Int]
    /// The column that says which rows delete, where the topic has one.
    private let operation: Int?
    /// Columns of the scan that make the rows; those behind are there for the operation's sake.
    private let columnCount: Int?

    init(_ query: PhysicalQuery, values: [Int] = [], operation: Int? = nil, columnCount: Int? = nil) {
        self.query = query
        self.values = values
        self.operation = operation
        self.columnCount = columnCount
    }

    /// The rows of the table that come of rows of the scan.
    func rows(of batch: Batch) throws(SQLError) -> [Batch] {
        let rows =
            if let columnCount, columnCount < batch.columns.count {
                batch.project(Array(0..<columnCount))
            } else {
                batch
            }
        for scan in query.scans { try scan.input.stage.accept(rows, port: scan.input.port) }
        return query.output.drain()
    }

    /// Which rows are tombstones; `nil` for none.
    func deletes(_ batch: Batch) -> [Bool]? {
        let said = operation.map { LatestRows.Operation.deletions(batch.columns[$0]) }
        guard var deletes = empties(batch) else { return said }
        if let said { for row in deletes.indices where said[row] { deletes[row] = true } }
        return deletes
    }

    private func empties(_ batch: Batch) -> [Bool]? {
        guard !values.isEmpty else { return nil }
        var deletes = [Bool](repeating: true, count: batch.rowCount)
        for column in values.map({ batch.columns[$0] }) {
            guard let validity = column.validity else { return nil }
            for row in deletes.indices where validity[row] { deletes[row] = false }
        }
        return deletes
    }
}
