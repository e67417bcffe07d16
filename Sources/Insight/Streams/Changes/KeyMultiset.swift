import Columns
import SQL

/// All rows of each key in the order of their coming, where several may be there at a time: the latest one counts.
struct KeyMultiset: ~Copyable {
    private static let goneRows = 4_096

    private let schema: Schema
    private let keys: [Int]
    private let keyTypes: [FieldType]
    private var table: GroupTable
    private var batches: [Batch] = []
    /// By key: where its rows are.
    private var members: [[(batch: Int, row: Int)]] = []
    private var storedRows = 0
    private var count = 0
    private var batchBytes = 0

    init(schema: Schema, keys: [Int], keyTypes: [FieldType]) {
        self.schema = schema
        self.keys = keys
        self.keyTypes = keyTypes
        self.table = GroupTable(types: keyTypes)
    }

    var byteCount: Int { batchBytes + table.byteCount + members.capacity * 8 + count * 16 }

    /// Takes changes in.
    ///
    /// - Returns: of each key of the batch the row that counts now, or the one that went last and that there is none.
    mutating func apply(_ rows: Batch, _ kinds: [ChangeKind]) -> (rows: Batch, isGone: [Bool]) {
        let numbers = table.groups(of: keys.map { rows.columns[$0] }, rowCount: rows.rowCount)
        members.grow(to: table.count, filling: [])
        let number = batches.count
        batches.append(rows)
        batchBytes += rows.memoryBytes
        storedRows += rows.rowCount
        var order: [UInt32] = []
        var lastRows: [UInt32: Int] = [:]
        for (row, key) in numbers.enumerated() {
            if lastRows.updateValue(row, forKey: key) == nil { order.append(key) }
            if kinds[row].isAddition {
                members[Int(key)].append((number, row))
                count += 1
            } else if let place = members[Int(key)].lastIndex(where: { isSame($0, rows, row) }) {
                members[Int(key)].remove(at: place)
                count -= 1
            }
        }
        var builder = BatchBuilder(schema: schema, capacity: max(order.count, 1))
        var isGone: [Bool] = []
        for key in order {
            if let last = members[Int(key)].last {
                builder.append(batches[last.batch], row: last.row)
            } else {
                builder.append(rows, row: lastRows[key] ?? 0)
            }
            isGone.append(members[Int(key)].isEmpty)
        }
        if storedRows - count > max(Self.goneRows, count) { compact() }
        return (builder.finish(), isGone)
    }

    private func isSame(_ place: (batch: Int, row: Int), _ rows: Batch, _ row: Int) -> Bool {
        let batch = batches[place.batch]
        return rows.columns.indices.allSatisfy { rows.columns[$0].isSame(row, as: batch.columns[$0], place.row) }
    }

    /// The rows that are there, those of a key in the order of their coming.
    private func present() -> Batch {
        var builder = BatchBuilder(schema: schema, capacity: max(count, 1))
        for places in members {
            for place in places { builder.append(batches[place.batch], row: place.row) }
        }
        return builder.finish()
    }

    private mutating func compact() {
        let rows = present()
        table = GroupTable(types: keyTypes)
        (batches, members, storedRows, count, batchBytes) = ([], [], 0, 0, 0)
        _ = apply(rows, Array(repeating: .insert, count: rows.rowCount))
    }

    func save(into state: inout OperatorState) { state.append([present()], as: "rows") }

    /// - Throws: `state_mismatch` where other columns were saved.
    mutating func load(from state: OperatorState) throws(SQLError) {
        for batch in state.batches("rows") {
            guard batch.schema == schema else {
                throw SQLError(code: .stateMismatch, message: "rows were saved of other columns")
            }
            _ = apply(batch, Array(repeating: .insert, count: batch.rowCount))
        }
    }
}
