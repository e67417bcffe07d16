import SQL

/// What takes the answer of a plan.
enum AnswerTarget {
    /// Someone who reads it: changes are shown, their kinds in a column `op`.
    case reader
    /// A table, by name, that rows are only added to. With `EMIT CHANGES` it gets what a reader gets.
    case appended(String)
    /// A table by name that holds a row for each value of some columns of the answer.
    case upserted(String, key: [Int])
    /// Lets go of everything.
    case nothing
    /// A view that is kept up to date.
    case view(ViewTable)
}
