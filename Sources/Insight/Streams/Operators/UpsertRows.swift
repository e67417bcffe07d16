import Columns
import SQL

/// The last step in front of a table with a primary key: changes become rows that stand for the one before of their key,
/// and `delete` for keys that are gone. Of several changes of a key in a batch the last one is written.
///
/// Where nothing says that the answer has one row a key, all rows of a key are kept, and the latest that is there counts.
struct UpsertRows: ~Copyable, StreamOperator {
    private let keys: [Int]
    private let schema: Schema
    private let inputChanges: Bool
    /// A key may have several rows at a time.
    private let keepsAll: Bool
    /// The rows of each key, the latest last; empty where a key has one row at most.
    private var all: KeyMultiset

    /// - Parameters:
    ///   - keys: columns of the input.
    ///   - fields: of the input, without kinds.
    ///   - isUnique: the keys tell the rows of the answer apart.
    init(keys: [Int], fields: Schema, inputChanges: Bool, isUnique: Bool) {
        self.keys = keys
        self.schema = Schema(fields.fields + [Field(LatestRows.Operation.field, .string)])
        self.inputChanges = inputChanges
        let keyTypes = keys.map { fields.fields[$0].type }
        self.keepsAll = inputChanges && !isUnique
        self.all = KeyMultiset(schema: fields, keys: keys, keyTypes: keyTypes)
    }

    var keeps: String? { keepsAll ? "all rows of each key" : "nothing" }
    var stateBytes: Int { keepsAll ? all.byteCount : 0 }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let count = schema.count - 1
        let kinds = inputChanges ? batch.changeKinds : Array(repeating: ChangeKind.insert, count: batch.rowCount)
        let rows = batch.project(Array(0..<count))
        if keepsAll {
            let (latest, isGone) = all.apply(rows, kinds)
            return write(latest, isGone, &output)
        }
        var table = GroupTable(types: keys.map { schema.fields[$0].type })
        let numbers = table.groups(of: keys.map { rows.columns[$0] }, rowCount: rows.rowCount)
        var lastRows = Array(repeating: UInt32.max, count: table.count)
        for (row, number) in numbers.enumerated() { lastRows[Int(number)] = UInt32(row) }
        let kept = (0..<UInt32(rows.rowCount)).filter { lastRows[Int(numbers[Int($0)])] == $0 }
        let latest = kept.count == rows.rowCount ? rows : rows.select(rows: kept)
        write(latest, kept.map { !kinds[Int($0)].isAddition }, &output)
    }

    private func write(_ rows: Batch, _ isGone: [Bool], _ output: inout [Batch]) {
        guard rows.rowCount > 0 else { return }
        var texts = ByteStrings()
        for text in [LatestRows.Operation.upsert, LatestRows.Operation.delete] {
            text.withUTF8Buffer { texts.append($0) }
        }
        let operation = Column(
            type: .string, count: rows.rowCount, validity: nil,
            storage: .dictionary(codes: isGone.map { $0 ? 1 : 0 }, values: texts))
        var columns = rows.columns
        if isGone.contains(true) {
            // Of a key that is gone only the key is told.
            let present = isGone.map { !$0 }
            for index in columns.indices where !keys.contains(index) {
                columns[index] = columns[index].keeping(present)
            }
        }
        output.append(Batch(schema: schema, rowCount: rows.rowCount, columns: columns + [operation]))
    }

    mutating func saveState(into state: inout OperatorState) throws(SQLError) {
        if keepsAll { all.save(into: &state) }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        if keepsAll { try all.load(from: state) }
        return []
    }
}

extension Column {
    /// With null where `isKept` says no.
    fileprivate func keeping(_ isKept: [Bool]) -> Column {
        var bits = Bitmap(repeating: true, count: count)
        for row in 0..<count where !isKept[row] || isNull(row) { bits[row] = false }
        return Column(type: type, count: count, validity: bits, storage: storage)
    }
}
