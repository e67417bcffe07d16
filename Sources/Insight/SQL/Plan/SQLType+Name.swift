extension SQLType {
    /// The type as one would write it.
    public var name: String {
        switch self {
        case .null: "NULL"
        case .boolean: "BOOLEAN"
        case .tinyint: "TINYINT"
        case .smallint: "SMALLINT"
        case .integer: "INT"
        case .bigint: "BIGINT"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .decimal(let precision, let scale): "DECIMAL(\(precision), \(scale))"
        case .varchar: "VARCHAR"
        case .varbinary: "VARBINARY"
        case .date: "DATE"
        case .time: "TIME"
        case .timestamp: "TIMESTAMP"
        case .intervalDaySecond: "INTERVAL DAY TO SECOND"
        case .intervalYearMonth: "INTERVAL YEAR TO MONTH"
        case .ip: "IP"
        case .json: "JSON"
        case .array(let element): "ARRAY<\(element.name)>"
        case .map(let key, let value): "MAP<\(key.name), \(value.name)>"
        case .row(let fields): "ROW<\(fields.map { "\($0.name) \($0.type.name)" }.joined(separator: ", "))>"
        }
    }
}
