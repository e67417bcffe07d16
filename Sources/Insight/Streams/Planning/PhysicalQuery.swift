import Columns
import SQL

/// A query ready to run: a tree of stages, the scans that feed it, and the output.
final class PhysicalQuery {
    /// A table to read, and where its batches go.
    struct Scan {
        let table: TableDescription
        /// Indices of the table's columns that are wanted, in this order.
        let columns: [Int]
        /// The event times that can matter, as far as the predicate tells, microseconds.
        let timeRange: ClosedRange<Int64>
        let input: StageInput
    }

    struct Literals {
        let batch: Batch
        let input: StageInput
    }

    let fields: [PlanField]
    let schema: Schema
    let output: OutputStage
    let account: MemoryAccount
    var scans: [Scan] = []
    var literals: [Literals] = []

    init(plan: LogicalPlan, account: MemoryAccount) {
        self.fields = plan.outputFields
        self.schema = Schema(planFields: fields)
        self.output = OutputStage()
        self.account = account
    }

    var lateRows: Int {
        // A stage reports those behind it too, so inputs that meet would be counted twice: take the scans' own paths.
        scans.map { $0.input.stage.lateRows }.max() ?? 0
    }
}
