import Columns
import SQL

/// One function of a live OVER: takes the rows in order and keeps what later rows need, partition by partition.
///
/// Frames end with the current row. Those that begin with the partition have a state each that goes on for good (it is
/// *running*); of the others all that is known follows from the rows of the history, which are taken once more after a
/// start or when the history was thinned out.
class OverRunner {
    /// The values of the function's argument in the history, where it looks back at them.
    var values: OverValueStore?

    /// The results of a run.
    ///
    /// - Parameters:
    ///   - argument: over the run, null where the row doesn't count; `nil` for `COUNT(*)` without a filter.
    ///   - frames: of the function's cursor, where it has one.
    ///   - isReplay: the rows were taken before: they are in the running states, and nobody waits for results.
    final func step(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        if let argument { values?.append(argument) }
        return advance(run, &history, argument, frames, isReplay: isReplay)
    }

    func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        preconditionFailure("each function has a result")
    }

    /// Forgets all that follows from the history.
    func forgetHistory() { if let argumentType { values = OverValueStore(type: argumentType) } }

    /// Marks the rows that the function needs whatever its frame.
    func markNeeded(_ needed: inout [Bool]) {}

    /// Whether it has a running state.
    var isRunning: Bool { false }

    /// The running states of all partitions, a row each.
    func stateColumns(partitionCount: Int) -> [Column] { [] }

    /// Forgets the running states.
    func forgetRunning() {}

    /// Takes over what `stateColumns` gave: row `i` is of `partitions[i]`.
    func restore(_ columns: [Column], into partitions: [UInt32], partitionCount: Int) throws(SQLError) {}

    var byteCount: Int { values?.byteCount ?? 0 }

    /// The type of the values, where the function keeps them.
    let argumentType: FieldType?

    init(argumentType: FieldType?) {
        self.argumentType = argumentType
        values = argumentType.map { OverValueStore(type: $0) }
    }
}

extension Column {
    static func integers(_ values: [Int64]) -> Column {
        Column(type: .int64, count: values.count, validity: nil, storage: .int64(values))
    }
}
