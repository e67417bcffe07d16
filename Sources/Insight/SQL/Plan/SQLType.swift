public import Columns

/// A SQL type, in Flink SQL's names. Each is carried by one physical `FieldType`.
public enum SQLType: Hashable, Sendable {
    /// The type of a bare `NULL`.
    case null
    case boolean
    case tinyint
    case smallint
    case integer
    case bigint
    case float
    case double
    /// `precision` 1 to 38, `scale` 0 to `precision`.
    case decimal(precision: Int, scale: Int)
    case varchar
    case varbinary
    case date
    case time
    /// `TIMESTAMP_LTZ(6)`: a point in time, microseconds UTC.
    case timestamp
    /// Day to second intervals, microseconds.
    case intervalDaySecond
    /// Year to month intervals, months.
    case intervalYearMonth
    case ip
    case json
    /// A list, a table of values by text, and a group of named fields. All are carried as JSON, which is what columns of the
    /// log hold; the types of what is inside are given to it where it is read.
    indirect case array(SQLType)
    indirect case map(key: SQLType, value: SQLType)
    case row([PlanField])

    /// Whether it has parts.
    public var isStructured: Bool {
        switch self {
        case .array, .map, .row: true
        default: false
        }
    }

    /// Whether it is carried as JSON.
    var isDocument: Bool { self == .json || isStructured }

    /// The physical type that carries it: integers, dates, times and intervals in `int64`. That of a decimal knows the
    /// scale, and not the precision: values stay within that by what makes them.
    public var fieldType: FieldType {
        switch self {
        case .boolean: .bool
        case .null, .tinyint, .smallint, .integer, .bigint, .date, .time, .intervalDaySecond, .intervalYearMonth: .int64
        case .float, .double: .float64
        case .decimal(_, let scale): .decimal(scale: UInt8(clamping: scale))
        case .varchar: .string
        case .varbinary: .bytes
        case .timestamp: .timestamp
        case .ip: .ip
        case .json, .array, .map, .row: .json
        }
    }
}
