import Columns
import SQL

/// A node of a running query: takes batches, watermarks and the end of its input, passes on what comes of them.
///
/// Stages form a tree with its root at the output. `port` tells the inputs of a stage apart.
class Stage {
    /// What it has done in this run.
    final var meter = StageMeter()
    /// Memory of its state, as far as it was charged.
    var stateBytes: Int { 0 }
    func accept(_ batch: Batch, port: Int) throws(SQLError) {}
    func advance(watermark: Int64, port: Int) throws(SQLError) {}
    func close(port: Int) throws(SQLError) {}
    /// True once no further input can change the output.
    var isSatisfied: Bool { false }
    /// What the stage is called in plans, metrics and checkpoints; empty where it keeps nothing.
    var name: String { "" }
    /// The stage that takes the output.
    var downstream: Stage? { nil }
    /// What the stage keeps, for a checkpoint.
    func saveState(into state: inout OperatorState) throws(SQLError) {}
    /// Takes over what was saved; tells what begins anew.
    func loadState(from state: OperatorState) throws(SQLError) -> [String] { [] }
    /// Of the keys that the stage keeps its rows or states by, those that shards of a job are told apart by.
    final var keyPlaces: [Int] = []
    /// The values of these keys in the rows of a table that `saveState` wrote.
    func savedKeys(of table: String, _ rows: Batch) throws(SQLError) -> [Column] { throw Stage.notByKey(name) }
    /// What several stages like this one kept, each of other keys, as if one had.
    ///
    /// - Parameter states: all whole.
    func joined(_ states: [OperatorState]) -> OperatorState { OperatorState(joining: states) }
    /// What the stage holds while it runs, in words for `EXPLAIN`; `nil` where it doesn't say.
    var keeps: String? { nil }
    /// Late rows of this stage and those after it.
    var lateRows: Int { 0 }
    /// Rows that samples of this stage and those after it left out.
    var sampledOutRows: Int { 0 }
}

extension Stage {
    static func notByKey(_ name: String) -> SQLError {
        SQLError(code: .stateMismatch, message: "what \(name) kept can't be shared out by key")
    }
}

/// Where a stage hands its output to.
struct StageInput {
    let stage: Stage
    let port: Int
}
