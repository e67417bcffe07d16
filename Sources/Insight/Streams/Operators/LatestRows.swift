import Columns
import SQL

/// Reads a table of which a row stands for the one before of the same key: live as changes of what is there, else, when
/// the input has ended, what is there.
struct LatestRows: ~Copyable, StreamOperator {
    /// What a table is told of by: the column that says of a row that it is gone.
    enum Operation {
        static let field = "row.op"
        static let upsert: StaticString = "upsert"
        static let delete: StaticString = "delete"

        /// The rows of a column that say so.
        static func deletions(_ column: Column) -> [Bool] {
            let wanted = Array("delete".utf8)
            if case .dictionary(let codes, let values) = column.storage {
                let byCode = (0..<values.count).map { values.bytes[values.range($0)].elementsEqual(wanted) }
                return codes.enumerated().map { !column.isNull($0) && byCode[Int($1)] }
            }
            return (0..<column.count).map { column.bytes($0).map { $0.elementsEqual(wanted) } ?? false }
        }
    }

    private let keys: [Int]
    private let operation: Int
    private let outputCount: Int
    private let schema: Schema
    private let isLive: Bool
    private var rows: KeyedRows

    /// - Parameters:
    ///   - keys: columns of the input.
    ///   - operation: the column that tells deletions.
    ///   - schema: of the output: the first columns of the input.
    init(keys: [Int], keyTypes: [FieldType], operation: Int, schema: Schema, isLive: Bool) {
        self.keys = keys
        self.operation = operation
        self.outputCount = schema.count
        self.schema = schema.changing
        self.isLive = isLive
        self.rows = KeyedRows(schema: schema, keyTypes: keyTypes)
    }

    var keeps: String? { "the latest row of each key" }
    var stateBytes: Int { rows.byteCount }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let numbers = rows.numbers(keys.map { batch.columns[$0] }, rowCount: batch.rowCount)
        let deletes = Operation.deletions(batch.columns[operation])
        // Of several rows of a key in a batch the last one counts.
        var lastRows: [UInt32: Int] = [:]
        var order: [UInt32] = []
        for (row, key) in numbers.enumerated() where lastRows.updateValue(row, forKey: key) == nil {
            order.append(key)
        }
        let existing = order.filter { rows.isThere($0) }
        let kept = order.filter { !deletes[lastRows[$0] ?? 0] }
        let before = isLive ? rows.rows(of: existing) : nil
        let after = batch.project(Array(0..<outputCount)).select(rows: kept.map { UInt32(lastRows[$0] ?? 0) })
        // To put rows may give all keys new numbers: it comes last.
        rows.remove(existing.filter { deletes[lastRows[$0] ?? 0] })
        rows.put(after, keys: kept)
        if let before { emit(order, before, existing, after, kept, output: &output) }
    }

    private func emit(
        _ order: [UInt32], _ before: Batch, _ existing: [UInt32], _ after: Batch, _ kept: [UInt32],
        output: inout [Batch]
    ) {
        var (old, new) = (0, 0)
        var changes = ChangeRows(capacity: order.count * 2)
        for key in order {
            let existed = old < existing.count && existing[old] == key
            let exists = new < kept.count && kept[new] == key
            let afterRow = before.rowCount + new
            switch (existed, exists) {
            case (true, true):
                let isSame = zip(before.columns, after.columns).allSatisfy { $0.isSame(old, as: $1, new) }
                if !isSame { changes.update(old, to: afterRow) }
            case (true, false): changes.delete(old)
            case (false, true): changes.insert(afterRow)
            case (false, false): break
            }
            if existed { old += 1 }
            if exists { new += 1 }
        }
        let columns = zip(before.columns, after.columns).map { Column.concatenate([$0, $1], type: $0.type) }
        changes.emit(
            Batch(schema: rows.schema, rowCount: before.rowCount + after.rowCount, columns: columns), schema: schema,
            to: &output)
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        guard !isLive else { return }
        rows.rows(of: rows.keys()).appendPieces(to: &output)
    }

    mutating func saveState(into state: inout OperatorState) throws(SQLError) { rows.save(into: &state, as: "rows") }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        places.map { rows.columns[$0] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        try rows.load(from: state, as: "rows")
        return []
    }
}
