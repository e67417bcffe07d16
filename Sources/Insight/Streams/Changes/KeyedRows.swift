import Columns
import SQL

/// The present row of each key: tables by key, of which a row takes the place of the one before.
struct KeyedRows: ~Copyable {
    private struct Place {
        var batch: UInt32
        var row: UInt32

        static let none = Place(batch: .max, row: 0)
        var isNone: Bool { batch == .max }
    }

    /// Rows that are over before the rest is put together anew.
    private static let goneRows = 8_192

    let schema: Schema
    private let keyTypes: [FieldType]
    private var table: GroupTable
    private var batches: [Batch] = []
    private var batchBytes = 0
    /// By key number.
    private var places: [Place] = []
    private var storedRows = 0
    /// Keys that have a row.
    private(set) var count = 0
    private var changes = GroupChanges()

    /// - Parameter schema: of the rows.
    init(schema: Schema, keyTypes: [FieldType]) {
        self.schema = schema
        self.keyTypes = keyTypes
        self.table = GroupTable(types: keyTypes)
    }

    var byteCount: Int { batchBytes + table.byteCount + places.capacity * MemoryLayout<Place>.stride }

    /// The number of each row's key.
    mutating func numbers(_ keys: [Column], rowCount: Int) -> [UInt32] {
        let numbers = table.groups(of: keys, rowCount: rowCount)
        places.grow(to: table.count, filling: .none)
        return numbers
    }

    func isThere(_ key: UInt32) -> Bool { !places[Int(key)].isNone }

    /// The rows of keys that are there.
    func rows(of keys: [UInt32]) -> Batch {
        var builder = BatchBuilder(schema: schema, capacity: max(keys.count, 1))
        for key in keys {
            let place = places[Int(key)]
            builder.append(batches[Int(place.batch)], row: Int(place.row))
        }
        return builder.finish()
    }

    /// All keys that are there.
    func keys() -> [UInt32] {
        (0..<places.count).filter { !places[$0].isNone }.map { UInt32($0) }
    }

    /// Puts rows in the place of those of their keys.
    ///
    /// - Parameter keys: of the batch's rows, each once.
    mutating func put(_ batch: Batch, keys: [UInt32]) {
        guard batch.rowCount > 0 else { return }
        let number = UInt32(batches.count)
        batches.append(Batch(schema: schema, rowCount: batch.rowCount, columns: batch.columns))
        batchBytes += batch.memoryBytes
        storedRows += batch.rowCount
        for (row, key) in keys.enumerated() {
            if places[Int(key)].isNone { count += 1 }
            places[Int(key)] = Place(batch: number, row: UInt32(row))
        }
        changes.note(keys, groupCount: table.count)
        compactIfPays()
    }

    mutating func remove(_ keys: [UInt32]) {
        for key in keys where !places[Int(key)].isNone {
            places[Int(key)] = .none
            count -= 1
        }
        changes.note(keys, groupCount: table.count)
    }

    private mutating func compactIfPays() {
        guard storedRows - count > max(Self.goneRows, count) else { return }
        let keys = keys()
        let rows = self.rows(of: keys)
        // Keys that outnumber what is there begin anew too, and with them the records of checkpoints.
        if table.count > 2 * (count + Self.goneRows) {
            let columns = table.keys(of: keys)
            table = GroupTable(types: keyTypes)
            changes = GroupChanges()
            places = []
            let numbers = numbers(columns, rowCount: keys.count)
            replaceAll(rows, numbers)
        } else {
            replaceAll(rows, keys)
        }
    }

    private mutating func replaceAll(_ rows: Batch, _ keys: [UInt32]) {
        batches = rows.rowCount > 0 ? [rows] : []
        batchBytes = batches.first?.memoryBytes ?? 0
        storedRows = rows.rowCount
        for (row, key) in keys.enumerated() { places[Int(key)] = Place(batch: 0, row: UInt32(row)) }
    }

    // MARK: State

    private static let isThereField = Field("$is_there", .bool)

    mutating func save(into state: inout OperatorState, as name: String) {
        let share = changes.take(table.firstGroup..<table.count, for: state)
        let keys = share.groups
        let places = places
        let there = keys.filter { !places[Int($0)].isNone }
        let gone = keys.filter { places[Int($0)].isNone }
        var columns = table.keys(of: there + gone)
        let rows = rows(of: there)
        for (field, column) in zip(schema.fields, rows.columns) {
            columns.append(.concatenate([column, .nulls(field.type, count: gone.count)], type: field.type))
        }
        var bits = Bitmap(repeating: true, count: keys.count)
        for row in there.count..<keys.count { bits[row] = false }
        columns.append(Column(type: .bool, count: keys.count, validity: nil, storage: .bool(bits)))
        state.append(
            [Batch(schema: savedSchema, rowCount: keys.count, columns: columns)], as: name, since: share.since)
    }

    private var savedSchema: Schema {
        Schema(
            keyTypes.enumerated().map { Field("$key \($0)", $1) } + schema.fields + [Self.isThereField])
    }

    /// - Throws: `state_mismatch` where other columns were saved.
    mutating func load(from state: OperatorState, as name: String) throws(SQLError) {
        for batch in state.batches(name) {
            guard batch.schema == savedSchema, let isThere = batch.columns.last?.bools else {
                throw SQLError(code: .stateMismatch, message: "rows were saved of other columns or keys")
            }
            let numbers = numbers(Array(batch.columns.prefix(keyTypes.count)), rowCount: batch.rowCount)
            let there = (0..<UInt32(batch.rowCount)).filter { isThere[Int($0)] }
            let rows = batch.select(rows: there)
            let columns = Array(rows.columns.dropFirst(keyTypes.count).prefix(schema.count))
            put(
                Batch(schema: schema, rowCount: there.count, columns: columns),
                keys: there.map { numbers[Int($0)] })
            remove((0..<UInt32(batch.rowCount)).filter { !isThere[Int($0)] }.map { numbers[Int($0)] })
        }
        if let since = state.since(name) { changes.resume(since: since) }
    }
}
