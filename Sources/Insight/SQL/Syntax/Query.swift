/// A query: a body, and what applies to its whole result.
public struct Query: Hashable, Sendable {
    var commonTables: [CommonTable] = []
    var body: QueryBody
    var orderBy: [OrderItem] = []
    var limit: RowCount?
    var offset: RowCount?
    var emission: EmitClause?
    public internal(set) var position: SourcePosition
}

/// `name [(columns)] AS (query)`
struct CommonTable: Hashable, Sendable {
    var name: Identifier
    var columns: [Identifier]
    var query: Query
}

indirect enum QueryBody: Hashable, Sendable {
    case select(SelectBody)
    case values([[Expression]], SourcePosition)
    /// A chain from left to right, flat however long it is.
    case union(QueryBody, [UnionPart])
    /// The rows of both, or of the first that the second doesn't have.
    case intersect(QueryBody, QueryBody, isAll: Bool, SourcePosition)
    case except(QueryBody, QueryBody, isAll: Bool, SourcePosition)
    case nested(Query)
}

/// `UNION [ALL] body`
struct UnionPart: Hashable, Sendable {
    var body: QueryBody
    var isAll: Bool
    var position: SourcePosition
}

struct SelectBody: Hashable, Sendable {
    var isDistinct = false
    var items: [SelectItem]
    var from: TableReference?
    var condition: Expression?
    var sample: SampleClause?
    var groupBy: [Expression] = []
    /// Of `GROUPING SETS`, `CUBE` and `ROLLUP`: the sets, in places of `groupBy`; `nil` for one set of all.
    var groupingSets: [[Int]]?
    /// `GROUP BY ()` is a grouping without keys.
    var isGrouped = false
    var having: Expression?
    /// The `WINDOW` clause.
    var windows: [NamedWindow] = []
    var qualify: Expression?
    var position: SourcePosition
}

enum SelectItem: Hashable, Sendable {
    /// `*` or `t.*`
    case star(Name?, SourcePosition)
    case expression(Expression, alias: Identifier?)
}

indirect enum TableReference: Hashable, Sendable {
    case table(Name, alias: TableAlias?)
    case query(Query, alias: TableAlias?, SourcePosition)
    case window(WindowReference, alias: TableAlias?)
    /// The position is that of the word `JOIN`, or of the comma.
    case join(TableReference, JoinKind, TableReference, JoinCondition, SourcePosition)
    case match(MatchReference, alias: TableAlias?)
    /// `t FOR SYSTEM_TIME AS OF time`: what the table holds when a row comes.
    case snapshot(Name, at: Expression, alias: TableAlias?)
    /// `UNNEST(list) [WITH ORDINALITY]`, whose expression is over what stands before it in `FROM`.
    case unnest(Expression, hasOrdinality: Bool, alias: TableAlias?, SourcePosition)
}

struct TableAlias: Hashable, Sendable {
    var name: Identifier
    /// `AS t (a, b)`
    var columns: [Identifier] = []
}

/// `TABLE(TUMBLE(TABLE t, DESCRIPTOR(c), INTERVAL …))`, `HOP`, `CUMULATE` and `SESSION`.
struct WindowReference: Hashable, Sendable {
    enum Function: String, Hashable, Sendable, CaseIterable {
        case tumble = "TUMBLE"
        case hop = "HOP"
        case cumulate = "CUMULATE"
        case session = "SESSION"

        /// The parameter before the size, where there is one.
        var stepName: String? {
            switch self {
            case .hop: "SLIDE"
            case .cumulate: "STEP"
            case .tumble, .session: nil
            }
        }

        /// What a session has for a size.
        var sizeName: String { self == .session ? "GAP" : "SIZE" }

        var usage: String {
            switch self {
            case .tumble: "TABLE(TUMBLE(TABLE t, DESCRIPTOR(time), INTERVAL '10' SECOND))"
            case .hop: "TABLE(HOP(TABLE t, DESCRIPTOR(time), INTERVAL '2' SECOND, INTERVAL '10' SECOND))"
            case .cumulate: "TABLE(CUMULATE(TABLE t, DESCRIPTOR(time), INTERVAL '1' HOUR, INTERVAL '1' DAY))"
            case .session: "TABLE(SESSION(TABLE t PARTITION BY key, DESCRIPTOR(time), INTERVAL '30' MINUTE))"
            }
        }
    }

    var function: Function
    var input: TableReference
    var timeColumn: Name
    /// The slide of `HOP`, the step of `CUMULATE`.
    var slide: Expression?
    /// The gap of `SESSION`.
    var size: Expression
    /// The keys of `SESSION`.
    var partition: [Name] = []
    var offset: Expression?
    var position: SourcePosition
}

struct OrderItem: Hashable, Sendable {
    var expression: Expression
    var isDescending = false
    /// As written; by default nulls sort as the smallest value.
    var nullsFirst: Bool?
}

struct RowCount: Hashable, Sendable {
    var count: Int
    var position: SourcePosition
}
