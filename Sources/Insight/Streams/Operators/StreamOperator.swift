import Columns
import SQL

/// A step of a query as a state machine over batches: it does no I/O, keeps its state in itself and appends what it
/// has to say to `output`.
///
/// A watermark `w` promises that no row with an event time up to `w` is still to come; rows that break the promise
/// are late. A bounded input ends with `finish`, without a watermark.
protocol StreamOperator: ~Copyable {
    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError)
    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError)
    mutating func finish(output: inout [Batch]) throws(SQLError)
    /// After `finish`: there is more to answer, which `drain` gives piece by piece.
    var isDraining: Bool { get }
    mutating func drain(output: inout [Batch]) throws(SQLError)
    /// Writes all that the operator keeps, for a checkpoint. Between batches, so at a barrier.
    mutating func saveState(into state: inout OperatorState) throws(SQLError)
    /// Takes over what `saveState` wrote, before the first batch.
    ///
    /// - Returns: what could not be taken over and begins anew, in words for the one who changed the query.
    /// - Throws: `state_mismatch`, `corrupt_state`.
    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String]
    /// The values of some of the keys that the operator keeps its rows or states by, for the rows of a table that
    /// `saveState` wrote.
    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column]
    /// What the operator promises of its own output once it was told of `watermark`: less where rows may still come
    /// out that are older.
    func outputWatermark(_ watermark: Int64) -> Int64
    /// Whether a batch that `process` fails on leaves no trace, so that it can come again without the row at fault.
    static var forgetsFailures: Bool { get }
    /// What the state holds, roughly; charged to the query's budget after each call.
    var stateBytes: Int { get }
    /// True once no further input can change the output (`LIMIT` reached).
    var isSatisfied: Bool { get }
    /// Rows that came after their window had closed.
    var lateRows: Int { get }
    /// What the operator holds while it runs, in words for `EXPLAIN`; `nil` where it doesn't say.
    var keeps: String? { get }
    /// Rows that a `SAMPLE` clause left out.
    var sampledOutRows: Int { get }
}

extension StreamOperator where Self: ~Copyable {
    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {}
    mutating func finish(output: inout [Batch]) throws(SQLError) {}
    var isDraining: Bool { false }
    mutating func drain(output: inout [Batch]) throws(SQLError) {}
    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        throw Stage.notByKey(table)
    }
    func outputWatermark(_ watermark: Int64) -> Int64 { watermark }
    static var forgetsFailures: Bool { false }
    var stateBytes: Int { 0 }
    var isSatisfied: Bool { false }
    var lateRows: Int { 0 }
    var keeps: String? { nil }
    var sampledOutRows: Int { 0 }
}

/// A step that takes groups of rows that were aggregated before as well as the rows.
protocol MergingOperator: StreamOperator, ~Copyable {
    /// - Parameter partial: of `PartialGroups`.
    mutating func merge(_ partial: Batch, output: inout [Batch]) throws(SQLError)
}

/// A step that looks at each row alone: nothing of it goes into a checkpoint.
protocol StatelessOperator: StreamOperator, ~Copyable {}

extension StatelessOperator where Self: ~Copyable {
    func saveState(into state: inout OperatorState) throws(SQLError) {}
    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] { [] }
    static var forgetsFailures: Bool { true }
    var keeps: String? { "nothing" }
}
