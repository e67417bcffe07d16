/// `[EMIT CHANGES | FINAL | EARLY EVERY interval] [ALLOW LATENESS interval] [LATE DATA INTO table]`, at the end of a query.
struct EmitClause: Hashable, Sendable {
    enum Timing: Hashable, Sendable {
        case changes
        case final
        case early(every: Expression)
    }

    var timing: Timing?
    var lateness: Expression?
    var lateTarget: ObjectName?
    /// Of its first word.
    var position: SourcePosition
}
