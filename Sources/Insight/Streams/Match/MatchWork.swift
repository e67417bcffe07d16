import SQL

/// How often rows are looked at. A pattern that takes every row and then finds no end looks at all rows from each one
/// on; it is refused before it holds a worker for hours.
struct MatchWork {
    /// Looks that cost nothing, and those a row may cost on the average.
    static let freeSteps = 50_000_000
    static let stepsPerRow = 1_000

    /// Rows that came.
    var rows = 0
    private(set) var steps = 0

    init(rows: Int = 0, steps: Int = 0) {
        self.rows = rows
        self.steps = steps
    }

    mutating func step() throws(SQLError) {
        steps += 1
        guard steps <= Self.freeSteps + Self.stepsPerRow * rows else {
            throw SQLError(
                code: .limitExceeded,
                message: "MATCH_RECOGNIZE looks at each row more than \(Self.stepsPerRow) times on the average",
                suggestion: "add WITHIN, or conditions that end what a variable may take")
        }
    }
}
