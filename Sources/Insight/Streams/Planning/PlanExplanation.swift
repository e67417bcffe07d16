import Columns
import SQL

/// The text that `EXPLAIN` answers: the logical plan, then what runs it, path by path from the tables to the answer.
struct PlanExplanation {
    private(set) var lines: [String]
    /// Stages on a path that was shown already, where another one meets it.
    private var shown: Set<ObjectIdentifier> = []

    /// - Parameter traits: how the answer comes to be.
    init(plan: LogicalPlan, traits: ChangelogTraits, target: ObjectName?) {
        lines = ["Plan"] + plan.description.split(separator: "\n").map { "  " + $0 }
        if traits.isChanging {
            let fields = plan.outputFields
            let key = traits.key.map { key in key.map { fields[$0].name }.joined(separator: ", ") }
            lines.append("Answer: changes of rows (op)" + (key.map { ", by key (\($0))" } ?? ""))
        }
        if let target { lines.insert("Insert into \(target.text)", at: 0) }
        lines.append("Execution")
    }

    /// - Parameters:
    ///   - reading: how the scan reads its table, in words.
    mutating func add(_ scan: PhysicalQuery.Scan, reading: [String]) {
        lines += reading.enumerated().map { $0 == 0 ? "  \($1)" : "    \($1)" }
        addPath(scan.input.stage)
    }

    mutating func add(_ literals: PhysicalQuery.Literals) {
        lines.append("  \(literals.batch.rowCount) row\(literals.batch.rowCount == 1 ? "" : "s") of the text")
        addPath(literals.input.stage)
    }

    private mutating func addPath(_ first: Stage) {
        var stage: Stage? = first
        while let current = stage, !(current is OutputStage) {
            let name = current.name.isEmpty ? "the inputs together" : current.name
            guard shown.insert(ObjectIdentifier(current)).inserted else {
                lines.append("    on to \(name), as above")
                return
            }
            lines.append("    \(name)" + (current.keeps.map { ": keeps \($0)" } ?? ""))
            stage = current.downstream
        }
    }
}
