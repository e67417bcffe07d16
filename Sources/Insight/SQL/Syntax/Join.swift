/// Which rows of two tables that have no match are in the answer, filled up with nulls.
public enum JoinKind: String, Hashable, Sendable {
    case inner = "INNER"
    case left = "LEFT"
    case right = "RIGHT"
    case full = "FULL"
    /// The rows of the left that have a match, once each; no columns of the right.
    case semi = "LEFT SEMI"
    /// The rows of the left that have none; no columns of the right.
    case anti = "LEFT ANTI"

    /// Whether the columns of the right are in the answer.
    public var hasRightColumns: Bool { self != .semi && self != .anti }

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
