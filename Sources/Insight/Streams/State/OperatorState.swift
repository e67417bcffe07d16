import Columns
import SQL

/// What a step of a query keeps, as it goes into a checkpoint: named tables of columns, and a few numbers.
///
/// Columns are found by their names when they are loaded, so that a query that was changed takes over what still
/// fits: a new column starts empty, one that nobody asks for is left behind.
struct OperatorState: Sendable {
    /// Rows of a batch in a checkpoint, at most.
    static let pieceRows = 65_536

    struct Table: Sendable {
        let name: String
        var batches: [Batch]
    }

    private(set) var tables: [Table] = []
    private(set) var numbers: [String: Int64] = [:]

    init() {}

    init(tables: [Table], numbers: [String: Int64]) {
        self.tables = tables
        self.numbers = numbers
    }

    var isEmpty: Bool { tables.isEmpty && numbers.isEmpty }

    subscript(number name: String) -> Int64? {
        get { numbers[name] }
        set { numbers[name] = newValue }
    }

    /// Adds a table. Large batches are cut, so that none is beyond what a decoder takes.
    mutating func append(_ batches: [Batch], as name: String) {
        var pieces: [Batch] = []
        for batch in batches {
            var start = 0
            while start < batch.rowCount {
                let end = min(start + Self.pieceRows, batch.rowCount)
                pieces.append(batch.slice(start..<end))
                start = end
            }
        }
        tables.append(Table(name: name, batches: pieces))
    }

    /// The table's batches; none where there is no such table.
    func batches(_ name: String) -> [Batch] { tables.first { $0.name == name }?.batches ?? [] }

    /// The names of all tables that begin with `prefix`.
    func names(beginning prefix: String) -> [String] { tables.map(\.name).filter { $0.hasPrefix(prefix) } }
}

extension SQLError.Code {
    /// A checkpoint's bytes are damaged, or of another version.
    static let corruptState = SQLError.Code(rawValue: "corrupt_state")
    /// What was saved does not fit the query that is to go on with it.
    static let stateMismatch = SQLError.Code(rawValue: "state_mismatch")
}
