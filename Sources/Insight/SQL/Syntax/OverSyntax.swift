/// What follows `OVER`.
enum OverReference: Hashable, Sendable {
    /// A window of the `WINDOW` clause.
    case named(Identifier)
    case window(OverWindow)
}

/// `([name] [PARTITION BY …] [ORDER BY …] [frame])`, behind `OVER` or in a `WINDOW` clause.
struct OverWindow: Hashable, Sendable {
    /// The window this one adds to.
    var base: Identifier?
    var partitionBy: [Expression] = []
    var orderBy: [OrderItem] = []
    var frame: FrameSyntax?
    var position: SourcePosition
}

/// `name AS (…)` in a `WINDOW` clause.
struct NamedWindow: Hashable, Sendable {
    var name: Identifier
    var window: OverWindow
}

/// `ROWS | RANGE | GROUPS BETWEEN start AND end [EXCLUDE …]`.
struct FrameSyntax: Hashable, Sendable {
    enum Bound: Hashable, Sendable {
        case unboundedPreceding
        case preceding(Expression)
        case currentRow
        case following(Expression)
        case unboundedFollowing
    }

    var unit: OverFrame.Unit
    var start: Bound
    var end: Bound
    var exclusion = OverFrame.Exclusion.none
    var position: SourcePosition
}

/// `RESPECT NULLS` and `IGNORE NULLS`.
enum NullTreatment: Hashable, Sendable {
    case respect
    case ignore
}
