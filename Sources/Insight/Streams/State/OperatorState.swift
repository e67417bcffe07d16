import Columns
import SQL

/// What a step of a query keeps, as it goes into a checkpoint: named tables of columns, and a few numbers.
///
/// Columns are found by their names when they are loaded, so that a query that was changed takes over what still
/// fits: a new column starts empty, one that nobody asks for is left behind.
///
/// Checkpoints are records that build on each other. A table is whole in each, or holds in each what changed: then its
/// batches of several records in turn are the table, a later row of a key in the place of an earlier one.
struct OperatorState: Sendable {
    /// Rows of a batch in a checkpoint, at most.
    static let pieceRows = 65_536

    struct Table: Sendable {
        let name: String
        var batches: [Batch]
        /// The first record whose batches are needed; `nil` of a table that is whole.
        var since: Int64?
    }

    /// The number of the record that this goes into; `nil` where it goes into none.
    let sequence: Int64?
    /// All tables are to be whole: the record has to stand alone.
    let isWhole: Bool

    private(set) var tables: [Table] = []
    private(set) var numbers: [String: Int64] = [:]

    init(sequence: Int64? = nil, isWhole: Bool = true) {
        self.sequence = sequence
        self.isWhole = isWhole
    }

    init(tables: [Table], numbers: [String: Int64]) {
        sequence = nil
        isWhole = true
        self.tables = tables
        self.numbers = numbers
    }

    var isEmpty: Bool { tables.isEmpty && numbers.isEmpty }

    subscript(number name: String) -> Int64? {
        get { numbers[name] }
        set { numbers[name] = newValue }
    }

    /// Adds a table. Large batches are cut, so that none is beyond what a decoder takes.
    ///
    /// - Parameter since: the first record whose batches are needed beside these; `nil` where these are all.
    mutating func append(_ batches: [Batch], as name: String, since: Int64? = nil) {
        var pieces: [Batch] = []
        for batch in batches {
            var start = 0
            while start < batch.rowCount {
                let end = min(start + Self.pieceRows, batch.rowCount)
                pieces.append(batch.slice(start..<end))
                start = end
            }
        }
        tables.append(Table(name: name, batches: pieces, since: since))
    }

    /// The first record that is needed to go on from this one.
    var since: Int64? { tables.compactMap(\.since).min() }

    /// This record with what the one before holds of the tables that are not whole.
    ///
    /// - Parameter sequence: the number of this record.
    func following(_ earlier: OperatorState, sequence: Int64) -> OperatorState {
        let known = Dictionary(earlier.tables.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let joined = tables.map { table in
            var table = table
            if let since = table.since, since < sequence {
                table.batches = (known[table.name]?.batches ?? []) + table.batches
            }
            return table
        }
        return OperatorState(tables: joined, numbers: numbers)
    }

    /// The table's batches; none where there is no such table.
    func batches(_ name: String) -> [Batch] { tables.first { $0.name == name }?.batches ?? [] }

    /// The first record that holds a part of the table; `nil` where the last one holds all of it.
    func since(_ name: String) -> Int64? { tables.first { $0.name == name }?.since }

    /// The names of all tables that begin with `prefix`.
    func names(beginning prefix: String) -> [String] { tables.map(\.name).filter { $0.hasPrefix(prefix) } }
}

extension SQLError.Code {
    /// A checkpoint's bytes are damaged, or of another version.
    static let corruptState = SQLError.Code(rawValue: "corrupt_state")
    /// What was saved does not fit the query that is to go on with it.
    static let stateMismatch = SQLError.Code(rawValue: "state_mismatch")
}
