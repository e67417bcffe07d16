import Columns
import SQL

/// `LIMIT … OFFSET …`.
struct Limit: StreamOperator {
    private var toSkip: Int
    /// Rows still to pass; `nil` without a limit.
    private var toPass: Int?

    init(count: Int?, offset: Int) {
        self.toPass = count
        self.toSkip = offset
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let skipped = min(toSkip, batch.rowCount)
        toSkip -= skipped
        let end = min(batch.rowCount, toPass.map { skipped + min($0, batch.rowCount - skipped) } ?? batch.rowCount)
        if toPass != nil { toPass = (toPass ?? 0) - (end - skipped) }
        if end > skipped { output.append(batch.slice(skipped..<end)) }
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "to_skip"] = Int64(toSkip)
        state[number: "to_pass"] = toPass.map(Int64.init)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        toSkip = state[number: "to_skip"].map(Int.init) ?? toSkip
        toPass = toPass.map { state[number: "to_pass"].map(Int.init) ?? $0 }
        return []
    }

    var keeps: String? { "a count of rows" }
    var isSatisfied: Bool { toPass == 0 }
}
