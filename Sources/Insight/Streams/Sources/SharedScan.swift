import SQL

/// A bounded table that several threads read together: each has a source of its own, which takes one piece of the
/// table after the other. The order of rows between pieces is lost.
protocol SharedScan: Sendable {
    func makeSource() throws(SQLError) -> any BatchSource
}
