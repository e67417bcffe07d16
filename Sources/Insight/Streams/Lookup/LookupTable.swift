import Columns
import SQL

/// Rows of a table by the columns that they are looked up by; where the table has a key, the latest row of each.
struct LookupTable: ~Copyable {
    /// Keys of the stream that the table doesn't have, before they are forgotten.
    private static let strangers = 65_536

    private let keyTypes: [FieldType]
    private let identityTypes: [FieldType]
    private var keys: GroupTable
    private var identities: GroupTable
    private(set) var rows: JoinRows
    /// The place of each identity's row, plus 1.
    private var latest: [UInt32] = []

    /// - Parameter identityTypes: of the table's key; empty where all its rows count.
    init(schema: Schema, keyTypes: [FieldType], identityTypes: [FieldType]) {
        self.keyTypes = keyTypes
        self.identityTypes = identityTypes
        self.keys = GroupTable(types: keyTypes)
        self.identities = GroupTable(types: identityTypes)
        self.rows = JoinRows(schema: schema)
    }

    var rowCount: Int { rows.count }
    var bytes: Int { rows.bytes + keys.byteCount + identities.byteCount + latest.capacity * 4 }

    /// Whether it is worth numbering all anew: much is gone, or many keys were asked for in vain.
    var isWasteful: Bool {
        rows.goneCount > max(4_096, rowCount) || keys.count > rows.entries.count * 2 + Self.strangers
    }

    /// The numbers under which rows with these keys are found; 0 for null, which equals nothing.
    mutating func numbers(of columns: [Column], rowCount: Int) -> [UInt32] {
        var numbers = keys.groups(of: columns, rowCount: rowCount).map { $0 + 1 }
        for column in columns {
            guard let validity = column.validity else { continue }
            for row in numbers.indices where !validity[row] { numbers[row] = 0 }
        }
        return numbers
    }

    /// Adds rows, in place of those with the same identity.
    ///
    /// - Parameter deletes: rows that take the one of their identity away.
    mutating func put(_ batch: Batch, keys columns: [Column], identity: [Column], deletes: [Bool]?) {
        let first = rows.entries.count
        let numbers = numbers(of: columns, rowCount: batch.rowCount)
        rows.add(batch, keys: numbers, expiries: Array(repeating: .max, count: batch.rowCount))
        guard !identityTypes.isEmpty else { return }
        let groups = identities.groups(of: identity, rowCount: batch.rowCount)
        latest.grow(to: identities.count, filling: 0)
        for (row, group) in groups.enumerated() {
            if latest[Int(group)] > 0 { rows.remove(Int(latest[Int(group)]) - 1) }
            let isDeleted = deletes?[row] ?? false
            if isDeleted { rows.remove(first + row) }
            latest[Int(group)] = isDeleted ? 0 : UInt32(first + row + 1)
        }
    }

    /// What is left, without the rest.
    func remaining() -> [Batch] { rows.remaining().map(\.batch) }

    mutating func removeAll() {
        keys = GroupTable(types: keyTypes)
        identities = GroupTable(types: identityTypes)
        rows = JoinRows(schema: rows.schema)
        latest = []
    }
}
