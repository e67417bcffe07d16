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

    var isSatisfied: Bool { toPass == 0 }
}
