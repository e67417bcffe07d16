import Columns
import SQL

/// The root: collects what the query answers until the driver hands it to the sink.
final class OutputStage: Stage {
    private var batches: [Batch] = []
    private(set) var isFinished = false

    override func accept(_ batch: Batch, port: Int) throws(SQLError) { batches.append(batch) }
    override func close(port: Int) throws(SQLError) { isFinished = true }

    /// Takes what has been collected.
    func drain() -> [Batch] {
        guard !batches.isEmpty else { return [] }
        let taken = batches
        batches = []
        return taken
    }
}
