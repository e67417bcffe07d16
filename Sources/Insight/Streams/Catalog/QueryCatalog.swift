import Columns
import EventLog
import SQL
import Synchronization

/// A table of one query, looked at: its columns are known.
struct ResolvedTable: Sendable {
    enum Source: Sendable {
        case topic(String)
        case file(FileTable)
        /// A folder whose files come and grow.
        case watched(path: String, format: TableDefinition.FileFormat, FolderSource.Options)
        case batches([Batch])
        case generated(any RowGenerator)
        /// Answers one key at a time.
        case requests(RequestTable)
    }

    var description: TableDescription
    let schema: Schema
    let source: Source
    /// It is a materialised view as it was when it was looked at.
    var isView = false
    /// How it is looked up.
    var lookup = LookupOptions()
    var metadata: [String: LogMetadata] = [:]
    var idleTimeout: Int64?
    /// The types of its columns are declared, whatever the source has.
    var isDeclared = false
    /// Columns that were stored in other types than they are read in.
    var converted: Set<String> = []
}

/// The tables one query sees: those that came with it or were declared in it, the service's, the topics of the log.
final class QueryCatalog: Catalog {
    private let declared: [String: ResolvedTable]
    private let log: EventLog?
    private let views: ViewRegistry?
    private let topicWatermarkDelay: Int64
    /// Topics as they were when first asked for: a schema that widens meanwhile doesn't concern a bound query.
    private let topics = Mutex<[String: ResolvedTable]>([:])

    /// - Parameter views: materialised ones, as they are when first asked for.
    init(
        declared: [String: ResolvedTable], log: EventLog?, topicWatermarkDelay: Int64, views: ViewRegistry? = nil
    ) {
        self.views = views
        self.declared = declared
        self.log = log
        self.topicWatermarkDelay = topicWatermarkDelay
    }

    func table(_ name: String) -> TableDescription? { resolved(name)?.description }

    var tableNames: [String] {
        declared.keys.sorted() + (views?.published.map(\.name) ?? []) + (log?.topics.map(\.name).sorted() ?? [])
    }

    /// A materialised view as a table of its rows.
    private static func table(_ name: String, _ view: ViewSnapshot) -> ResolvedTable {
        var table = table(
            name, schema: Schema(planFields: view.fields), source: .batches(view.batches), fields: view.fields,
            timeColumn: nil, watermarkDelay: 0)
        table.description.primaryKey = view.keyFields.map(\.name)
        table.isView = true
        return table
    }

    func resolved(_ name: String) -> ResolvedTable? {
        if let table = declared[name] { return table }
        return topics.withLock { topics in
            if let table = topics[name] { return table }
            if let view = views?.snapshot(name) {
                let table = Self.table(name, view)
                topics[name] = table
                return table
            }
            guard let log, let info = log.topic(name) else { return nil }
            let table = Self.table(
                name, schema: info.schema, source: .topic(name), fields: nil, timeColumn: nil,
                watermarkDelay: topicWatermarkDelay)
            topics[name] = table
            return table
        }
    }

    /// - Parameter fields: declared columns, which have the names and physical types of `schema`.
    static func table(
        _ name: String, schema: Schema, source: ResolvedTable.Source, fields: [PlanField]?, timeColumn: String?,
        watermarkDelay: Int64
    ) -> ResolvedTable {
        let planFields = fields ?? schema.fields.map { PlanField(name: $0.name, type: SQLType(carriedBy: $0.type)) }
        let time = timeColumn.flatMap { schema.index(of: $0) } ?? defaultTimeColumn(schema)
        let description = TableDescription(
            name: name, fields: planFields, timeColumn: time, watermarkDelay: watermarkDelay)
        return ResolvedTable(description: description, schema: schema, source: source)
    }

    private static func defaultTimeColumn(_ schema: Schema) -> Int? {
        if let index = schema.index(of: "@timestamp"), schema.fields[index].type == .timestamp { return index }
        return schema.fields.firstIndex { $0.type == .timestamp }
    }
}

extension SQLType {
    /// The SQL type of a column that nobody declared.
    init(carriedBy type: FieldType) {
        self =
            switch type {
            case .bool: .boolean
            case .int64: .bigint
            case .float64: .double
            case .timestamp: .timestamp
            case .string: .varchar
            case .bytes: .varbinary
            case .ip: .ip
            case .decimal(let scale): .decimal(precision: FieldType.maximumDecimalDigits, scale: Int(scale))
            case .json: .json
            }
    }
}
