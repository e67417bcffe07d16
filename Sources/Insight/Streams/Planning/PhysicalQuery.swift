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
        /// It is looked up: read from its start, and before the streams that look.
        var isTable = false
    }

    struct Literals {
        let batch: Batch
        let input: StageInput
    }

    let fields: [PlanField]
    let schema: Schema
    let output: OutputStage
    let account: MemoryAccount
    /// Rows that came too late, where they go somewhere.
    var late: OutputStage?
    var scans: [Scan] = []
    var literals: [Literals] = []
    /// Stages that wait for something outside of the query.
    var polled: [any PolledStage] = []

    /// - Parameter fields: of the answer.
    init(fields: [PlanField], account: MemoryAccount) {
        self.fields = fields
        self.schema = Schema(planFields: fields)
        self.output = OutputStage()
        self.account = account
    }

    /// Goes on where something was waited for.
    func poll() throws(SQLError) { for stage in polled { try stage.poll() } }

    /// No rows should be handed in now: enough wait in it.
    var isFull: Bool { polled.contains(where: \.isFull) }

    /// All stages behind the scans with a key each: its name and its place among those of the name. The same query
    /// gives the same keys.
    var stages: [(key: String, stage: Stage)] {
        var known: Set<ObjectIdentifier> = []
        var counts: [String: Int] = [:]
        var found: [(key: String, stage: Stage)] = []
        for start in scans.map(\.input.stage) + literals.map(\.input.stage) {
            var next: Stage? = start
            while let stage = next, known.insert(ObjectIdentifier(stage)).inserted {
                if !stage.name.isEmpty {
                    let count = counts[stage.name, default: 0]
                    counts[stage.name] = count + 1
                    found.append(("\(stage.name) \(count)", stage))
                }
                next = stage.downstream
            }
        }
        return found
    }

    /// Rows that samples left out.
    var sampledOutRows: Int { scans.map { $0.input.stage.sampledOutRows }.max() ?? 0 }

    var lateRows: Int {
        // A stage reports those behind it too, so inputs that meet would be counted twice: take the scans' own paths.
        scans.map { $0.input.stage.lateRows }.max() ?? 0
    }
}
