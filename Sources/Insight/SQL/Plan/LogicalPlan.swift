/// An output column of a plan node: what it is called and its SQL type.
public struct PlanField: Hashable, Sendable {
    public var name: String
    public var type: SQLType

    public init(name: String, type: SQLType) {
        self.name = name
        self.type = type
    }
}

/// A bound query. Every node knows its output fields; expressions refer to the columns of the node's input.
public indirect enum LogicalPlan: Sendable {
    /// Reads a catalog table. `columns` are the indices kept (projection push-down), `predicate` is over the kept
    /// columns and may be used to skip segments; the executor applies it in full.
    case scan(table: TableDescription, columns: [Int], predicate: BoundExpression?)
    /// Literal rows (`VALUES`, or a `SELECT` without `FROM`: one row of no columns).
    case values(rows: [[BoundExpression]], fields: [PlanField])
    case filter(input: LogicalPlan, predicate: BoundExpression)
    case project(input: LogicalPlan, expressions: [BoundExpression], fields: [PlanField])
    /// `TABLE(TUMBLE(…))`, `HOP`, `CUMULATE` and `SESSION`: appends `window_start`, `window_end`, `window_time` to the input.
    case window(input: LogicalPlan, window: WindowSpecification)
    /// Each row of the input once for each of the projections, which all give `fields`.
    case expand(input: LogicalPlan, projections: [[BoundExpression]], fields: [PlanField])
    /// Each row of the input once for each element of a list, which stands behind it.
    case unnest(input: LogicalPlan, list: UnnestedList)
    /// A part of the input's rows.
    case sample(input: LogicalPlan, sample: SampleSpecification)
    /// One row a group; with no keys, one row in all. Output: keys, then aggregates.
    case aggregate(input: LogicalPlan, keys: [BoundExpression], aggregates: [AggregateCall], fields: [PlanField])
    /// `MATCH_RECOGNIZE`: one row a match. Output: the partition's columns, then the measures.
    case match(input: LogicalPlan, match: MatchSpecification, fields: [PlanField])
    /// Functions over the rows around each row. Output: the input's columns, then one a call.
    case over(input: LogicalPlan, over: OverSpecification)
    /// The pairs of rows that match; the columns of the left, then those of the right.
    case join(left: LogicalPlan, right: LogicalPlan, join: JoinSpecification)
    case distinct(input: LogicalPlan)
    case sort(input: LogicalPlan, keys: [SortKey])
    case limit(input: LogicalPlan, count: Int?, offset: Int)
    case union(inputs: [LogicalPlan])
}

public struct WindowSpecification: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case tumble(size: Int64)
        /// Every `slide` a window of `size`. Flink refuses a size that is no multiple of the slide; so do we.
        case hop(slide: Int64, size: Int64)
        /// Windows of `size` that answer every `step` for what has come so far: several with the same start.
        case cumulate(step: Int64, size: Int64)
        /// As long as the rows of a key follow each other within `gap`. `partition` are columns of the input.
        case session(gap: Int64, partition: [Int])
    }

    /// Sizes in microseconds.
    public var kind: Kind
    /// The column of the input that carries event time.
    public var timeColumn: Int
    /// Shift of the window borders from the epoch, microseconds.
    public var offset: Int64
    /// All columns of the input are wanted, whoever reads them.
    var keepsInput = false

    public init(kind: Kind, timeColumn: Int, offset: Int64) {
        self.kind = kind
        self.timeColumn = timeColumn
        self.offset = offset
    }
}

public struct SortKey: Hashable, Sendable {
    public var expression: BoundExpression
    public var isDescending: Bool
    /// Flink: nulls sort as the smallest value unless `NULLS FIRST | LAST` says otherwise.
    public var nullsFirst: Bool

    public init(expression: BoundExpression, isDescending: Bool, nullsFirst: Bool) {
        self.expression = expression
        self.isDescending = isDescending
        self.nullsFirst = nullsFirst
    }
}

public struct AggregateCall: Hashable, Sendable {
    public enum Function: Hashable, Sendable {
        case countAll
        case count
        case sum
        case min
        case max
        case avg
        /// The value of the first row that has one, and of the last.
        case first
        case last
        case variance(Variance)
        /// Values that are text or JSON, end to end.
        case concatenation(Concatenation)
        /// Exact, between the two values next to the rank; the fraction is in 0…1.
        case percentile(Double)
        /// HyperLogLog.
        case approxCountDistinct
        /// Mergeable, relative error stated in docs/sql.md; the percentage is in 0…1.
        case approxPercentile(Double)

        /// Whether the result depends on the order in which rows come.
        public var isOrdered: Bool {
            switch self {
            case .first, .last: true
            case .concatenation(let parts): !parts.isSorted
            default: false
            }
        }
    }

    public var function: Function
    public var argument: BoundExpression?
    public var isDistinct: Bool
    public var filter: BoundExpression?
    public var type: SQLType

    public init(
        function: Function, argument: BoundExpression?, isDistinct: Bool, filter: BoundExpression?, type: SQLType
    ) {
        self.function = function
        self.argument = argument
        self.isDistinct = isDistinct
        self.filter = filter
        self.type = type
    }
}

/// What the binder needs to know of a table.
public struct TableDescription: Hashable, Sendable {
    public var name: String
    public var fields: [PlanField]
    /// The column of event time, and how far behind its maximum the watermark runs, microseconds.
    public var timeColumn: Int?
    public var watermarkDelay: Int64
    /// What a query sees where that isn't just the fields: computed columns stand between them.
    public var columns: [TableColumn]?
    /// Event time over the fields, where no field is it.
    public var timeExpression: BoundExpression?
    /// Names of the columns that together tell a row from the others.
    public var primaryKey: [String] = []
    /// A row stands for the one before with the same primary key.
    public var isUpserted = false

    public init(name: String, fields: [PlanField], timeColumn: Int?, watermarkDelay: Int64) {
        self.name = name
        self.fields = fields
        self.timeColumn = timeColumn
        self.watermarkDelay = watermarkDelay
    }
}

/// A column of a table as a query sees it.
public enum TableColumn: Hashable, Sendable {
    /// The field of this index.
    case field(Int)
    /// Computed over the fields.
    case computed(PlanField, BoundExpression)
}

/// Where the binder finds tables.
public protocol Catalog: Sendable {
    /// Looks `name` up exactly as written (dots included).
    func table(_ name: String) -> TableDescription?
    /// All names, for "did you mean".
    var tableNames: [String] { get }
}
