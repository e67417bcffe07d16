public import Columns

/// The rows of a sub-query that stands as a value (`(SELECT …)`, `IN (SELECT …)`, `EXISTS (…)`), in the order in
/// which `Binder.bind(_:answers:)` asked for them.
public struct SubqueryAnswer: Sendable {
    let batches: [Batch]

    /// - Parameter batches: all that the plan gave.
    public init(_ batches: [Batch]) { self.batches = batches }

    var rowCount: Int { batches.reduce(0) { $0 + $1.rowCount } }

    /// The first column's values.
    var values: [Value] {
        batches.flatMap { batch in (0..<batch.rowCount).map { Value(batch.columns[0], row: $0) } }
    }
}

/// What binding a query comes to.
public enum Binding: Sendable {
    /// The query's plan.
    case plan(LogicalPlan)
    /// Run this one first, and bind again with its rows behind the other answers.
    case needsAnswer(LogicalPlan)
}

/// What is known of a query's sub-queries while it is bound. Shared by the binders of one query.
final class SubqueryAnswers {
    enum Mode {
        /// They are kept up to date: each becomes a join.
        case joined
        case answered([SubqueryAnswer])
        /// Only types are wanted: every value is null.
        case assumedNull
    }

    private let mode: Mode
    private var next = 0
    /// Which sub-queries name columns of the query around them, as far as it is known.
    var correlation: [Query: Bool] = [:]
    /// A column of the query around was named.
    var namesOuterColumn = false
    /// Answers that were looked at before their turn, to choose how to go on.
    var early: [Query: SubqueryAnswer] = [:]
    /// The plan that lacks an answer.
    private(set) var pending: LogicalPlan?

    init(_ mode: Mode) { self.mode = mode }

    /// For a query that is bound to learn about it alone.
    func trial() -> SubqueryAnswers {
        let trial = SubqueryAnswers(.assumedNull)
        trial.correlation = correlation
        return trial
    }

    /// Nothing is computed before the query.
    var areJoined: Bool {
        if case .joined = mode { return true }
        return false
    }

    /// The answer to the sub-query that is bound now; `nil` where nulls are assumed.
    ///
    /// - Throws: `unsupported` where there is none; with `pending` set where it isn't there yet.
    func answer(to plan: LogicalPlan, at position: SourcePosition) throws(SQLError) -> SubqueryAnswer? {
        switch mode {
        case .assumedNull: return nil
        case .answered(let answers):
            next += 1
            if next <= answers.count { return answers[next - 1] }
            pending = plan
        case .joined: break
        }
        throw SQLError(
            .unsupported, "a query can't stand here as a value", at: position,
            suggestion: "in WHERE, alone or beside others with AND, it is kept up to date")
    }
}

extension Value {
    /// One value of a column.
    init(_ column: Column, row: Int) {
        guard !column.isNull(row) else {
            self = .null
            return
        }
        switch column.storage {
        case .bool(let values): self = .bool(values[row])
        case .int64(let values): self = .int64(values[row])
        case .float64(let values): self = .float64(values[row])
        case .byteStrings(let values): self = .bytes(Array(values.bytes[values.range(row)]))
        case .dictionary(let codes, let values): self = .bytes(Array(values.bytes[values.range(Int(codes[row]))]))
        case .ip(let values): self = .ip(values[row])
        case .decimal(let values): self = .decimal(values[row])
        }
    }
}
