/// Which rows of two tables that have no match are in the answer, filled up with nulls.
public enum JoinKind: String, Hashable, Sendable {
    case inner = "INNER"
    case left = "LEFT"
    case right = "RIGHT"
    case full = "FULL"

    public var keepsLeft: Bool { self == .left || self == .full }
    public var keepsRight: Bool { self == .right || self == .full }
}

/// What rows of two tables must have in common, as written.
enum JoinCondition: Hashable, Sendable {
    /// `CROSS JOIN`, and tables separated by commas.
    case none
    case on(Expression)
    case using([Identifier])
}
