import Columns
import SQL

/// The last step of a materialised view: keeps its rows by key, and publishes what has changed after each batch.
struct ViewRows: ~Copyable, StreamOperator {
    /// A layer is merged into the one below once it is a quarter of it: a row moves seldom, and layers stay few.
    private static let mergeFactor = 4

    private let view: ViewTable
    private let inputChanges: Bool
    private let keys: [Int]
    /// Nothing tells the rows apart: each is kept with its number.
    private let isCounted: Bool
    private let schema: Schema
    private var rows: KeyedRows
    private var layers: [ViewLayer] = []

    /// - Parameter key: the columns that tell the rows of the answer apart; `nil` where none do.
    init(_ view: ViewTable, key: [Int]?, inputChanges: Bool) {
        self.view = view
        self.inputChanges = inputChanges
        let fields = Schema(planFields: view.fields)
        let known = view.key ?? key
        keys = known ?? Array(view.fields.indices)
        isCounted = known == nil
        schema = isCounted ? Schema(fields.fields + [Field("$count", .int64)]) : fields
        rows = KeyedRows(schema: schema, keyTypes: keys.map { fields.fields[$0].type })
        if view.handle.snapshot?.fields != view.fields { publish() }
    }

    var keeps: String? { "the row of each key" }
    var stateBytes: Int { rows.byteCount + layers.reduce(0) { $0 + $1.byteCount } }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let kinds = inputChanges ? batch.changeKinds : Array(repeating: ChangeKind.insert, count: batch.rowCount)
        let input = batch.project(Array(view.fields.indices))
        let numbers = rows.numbers(keys.map { input.columns[$0] }, rowCount: input.rowCount)
        var lastRows: [UInt32: UInt32] = [:]
        var order: [UInt32] = []
        for (row, key) in numbers.enumerated() where lastRows.updateValue(UInt32(row), forKey: key) == nil {
            order.append(key)
        }
        let latest = order.map { lastRows[$0] ?? 0 }
        var told = input.select(rows: latest)
        var isGone = latest.map { !kinds[Int($0)].isAddition }
        if isCounted {
            let counts = counted(order, numbers, kinds)
            isGone = counts.map { $0 <= 0 }
            let column = Column(type: .int64, count: counts.count, validity: nil, storage: .int64(counts))
            told = Batch(schema: schema, rowCount: counts.count, columns: told.columns + [column])
        } else {
            told = Batch(schema: schema, rowCount: told.rowCount, columns: told.columns)
        }
        let present = (0..<UInt32(order.count)).filter { !isGone[Int($0)] }
        rows.remove(order.indices.filter { isGone[$0] }.map { order[$0] })
        rows.put(told.select(rows: present), keys: present.map { order[Int($0)] })
        try check()
        push(ViewLayer(rows: told.compacted(), keys: keys, isGone: isGone))
        publish()
    }

    /// How often each row is there now.
    private func counted(_ order: [UInt32], _ numbers: [UInt32], _ kinds: [ChangeKind]) -> [Int64] {
        let existing = order.filter { rows.isThere($0) }
        var counts: [UInt32: Int64] = [:]
        let before = rows.rows(of: existing).columns.last?.int64s ?? []
        for (key, count) in zip(existing, before) { counts[key] = count }
        for (row, key) in numbers.enumerated() { counts[key, default: 0] += kinds[row].isAddition ? 1 : -1 }
        return order.map { max(counts[$0] ?? 0, 0) }
    }

    private func check() throws(SQLError) {
        guard rows.count > view.maximumRows || rows.byteCount > view.maximumBytes else { return }
        let hasManyRows = rows.count > view.maximumRows
        let message =
            hasManyRows
            ? "view \(view.handle.name) would hold more than \(view.maximumRows) rows"
            : "view \(view.handle.name) would hold more than \(view.maximumBytes >> 10) KiB"
        view.handle.fail(message)
        throw SQLError(
            code: .limitExceeded, message: message,
            suggestion: hasManyRows
                ? "keep fewer keys, by HAVING or WHERE; WITH ('max-rows' = …) sets the limit, up to "
                    + "\(view.highestRows) rows (views.max_rows)"
                : "keep fewer keys or columns, or raise views.max_bytes")
    }

    private mutating func push(_ layer: ViewLayer) {
        layers.insert(layer, at: 0)
        while layers.count > 1,
            layers.count > view.maximumLayers || layers[0].count * Self.mergeFactor >= layers[1].count
        {
            let merged = ViewLayer.merged(layers[0], layers[1], isOldest: layers.count == 2)
            layers.replaceSubrange(0..<2, with: [merged])
        }
    }

    private func publish() {
        view.handle.publish(
            ViewSnapshot(
                fields: view.fields, keys: keys, isCounted: isCounted, rowCount: rows.count, layers: layers))
    }

    mutating func saveState(into state: inout OperatorState) throws(SQLError) { rows.save(into: &state, as: "rows") }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        try rows.load(from: state, as: "rows")
        let all = rows.rows(of: rows.keys())
        layers = all.rowCount > 0 ? [ViewLayer(rows: all, keys: keys, isGone: [])] : []
        publish()
        return []
    }
}
