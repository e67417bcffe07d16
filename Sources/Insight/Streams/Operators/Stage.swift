import Columns
import SQL

/// A node of a running query: takes batches, watermarks and the end of its input, passes on what comes of them.
///
/// Stages form a tree with its root at the output. `port` tells the inputs of a stage apart.
class Stage {
    func accept(_ batch: Batch, port: Int) throws(SQLError) {}
    func advance(watermark: Int64, port: Int) throws(SQLError) {}
    func close(port: Int) throws(SQLError) {}
    /// True once no further input can change the output.
    var isSatisfied: Bool { false }
    /// Late rows of this stage and those after it.
    var lateRows: Int { 0 }
}

/// Where a stage hands its output to.
struct StageInput {
    let stage: Stage
    let port: Int
}
