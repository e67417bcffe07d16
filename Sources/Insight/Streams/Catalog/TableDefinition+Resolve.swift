import Columns
import EventLog
import Runtime
import SQL

extension TableDefinition {
    /// A table as `CREATE TABLE` declares it: over a file, a topic, or another table of the same name that is there
    /// already.
    init(declaration: TableDeclaration, over existing: TableDefinition?) throws(SQLError) {
        self.init(try Self.source(declaration, over: existing))
        fields = declaration.fields.isEmpty ? existing?.fields : declaration.fields
        declaresFields = !declaration.fields.isEmpty
        computed = declaration.computed
        primaryKey = declaration.primaryKey.map(\.text)
        if case .watched = source {
            fileMetadata = try FileMetadata.columns(of: declaration)
        } else {
            metadata = try LogMetadata.columns(of: declaration)
        }
        idleTimeout = try Self.idleTimeout(declaration)
        timeColumn = declaration.timeColumn
        if declaration.timeColumn != nil { watermarkDelay = declaration.watermarkDelay }
        if case .file = source { lookup = try Self.fileLookup(declaration) }
    }

    /// Looks at what the table is made of.
    func resolve(name: String, service: QueryService, isLive: Bool) throws(SQLError) -> ResolvedTable {
        let declared = fields.map { Schema(planFields: $0) }
        let schema: Schema
        let resolved: ResolvedTable.Source
        var delay = watermarkDelay ?? 0
        switch source {
        case .topic(let topic):
            guard let info = service.log?.topic(topic) else {
                throw SQLError(
                    code: .unknownTable, message: "table \(name) is made of topic \(topic), which is not there")
            }
            try Self.require(declared, in: info.schema, table: name, besides: metadata)
            let read = declared ?? info.schema
            // Rows of a topic stand for those before of their key; the column that says so isn't shown.
            schema =
                isUpserted && read.index(of: LatestRows.Operation.field) == nil
                ? Schema(read.fields + [Field(LatestRows.Operation.field, .string)]) : read
            resolved = .topic(topic)
            delay = watermarkDelay ?? Int64(service.limits.watermarkDelayMilliseconds) * 1_000
        case .batches(let batches):
            let held = batches.first?.schema ?? declared ?? Schema([])
            try Self.require(declared, in: held, table: name)
            schema = declared ?? held
            resolved = .batches(batches)
        case .generated(let options):
            let generator = try Self.generator(
                name: name, options: options, fields: fields, maximumRows: service.limits.generatedRows)
            try Self.require(declared, in: generator.schema, table: name)
            schema = declared ?? generator.schema
            resolved = .generated(generator)
        case .watched(let path, let format, let interval, let maximumFiles):
            schema = declared ?? CombinedLogReader.schema
            let options = FolderSource.Options(
                interval: interval, maximumFiles: maximumFiles, metadata: fileMetadata)
            resolved = .watched(path: path, format: format, options)
        case .requests(let options):
            schema = declared ?? Schema([])
            resolved = .requests(try RequestTable(name: name, fields: fields ?? [], values: options))
        case .file(let path, let format):
            let file = try FileTable(path: path, format: format, declared: declared, isLive: isLive)
            schema = file.schema
            resolved = .file(file)
        }
        if !metadata.isEmpty {
            guard case .topic = resolved else {
                throw SQLError(
                    code: .unsupported, message: "table \(name) has METADATA columns, and its rows lie in no topic",
                    suggestion: "'connector' = 'topic'")
            }
        }
        let hidden = isUpserted ? LatestRows.Operation.field : nil
        var known = fields
        if let hidden, known?.contains(where: { $0.name == hidden }) == false {
            known?.append(PlanField(name: hidden, type: .varchar))
        }
        var table = QueryCatalog.table(
            name, schema: schema, source: resolved, fields: known, timeColumn: timeColumn, watermarkDelay: delay)
        table.metadata = metadata
        table.idleTimeout = idleTimeout
        table.description.primaryKey = primaryKey
        table.description.isUpserted = isUpserted
        table.lookup = lookup
        let all = table.description.fields
        if !computed.isEmpty {
            table.description.columns = try Binder.columns(
                computed, over: all.filter { $0.name != hidden }, table: name, appends: !declaresFields,
                limits: service.limits.sql)
        } else if hidden != nil {
            table.description.columns = all.indices.filter { all[$0].name != hidden }.map { .field($0) }
        }
        if let timeColumn, schema.index(of: timeColumn).map({ schema.fields[$0].type }) != .timestamp {
            try table.description.computeTime(timeColumn)
        }
        return table
    }

    static let idleOption = "scan.watermark.idle-timeout"

    private static func idleTimeout(_ declaration: TableDeclaration) throws(SQLError) -> Int64? {
        guard let text = declaration.options[idleOption] else { return nil }
        guard let duration = DurationText.microseconds(text), duration <= 86_400_000_000_000 else {
            throw SQLError(
                code: .invalidQuery, message: "table \(declaration.name): '\(text)' is no length of time",
                suggestion: "'\(idleOption)' = '30 s', or '0 s' for a watermark that waits")
        }
        return duration
    }

    /// A topic with a primary key: each row stands for the one before of its key.
    var isUpserted: Bool {
        guard case .topic = source else { return false }
        return !primaryKey.isEmpty
    }

    /// Declared columns must be there, in the physical type that carries the declared one.
    private static func require(
        _ declared: Schema?, in schema: Schema, table: String, besides metadata: [String: LogMetadata] = [:]
    ) throws(SQLError) {
        for field in declared?.fields ?? [] where metadata[field.name] == nil {
            guard let index = schema.index(of: field.name) else { continue }
            guard schema.fields[index].type == field.type else {
                throw SQLError(
                    code: .typeMismatch,
                    message: "column \(field.name) of table \(table) is declared as another type than it has")
            }
        }
    }
}

extension TableDescription {
    /// Event time is a computed column.
    fileprivate mutating func computeTime(_ name: String) throws(SQLError) {
        for case .computed(let field, let expression) in columns ?? [] where field.name == name {
            guard field.type == .timestamp else { break }
            timeExpression = expression
            timeColumn = nil
            return
        }
        throw SQLError(
            code: .typeMismatch,
            message: "column \(name) of table \(self.name) can't be its time: it is no TIMESTAMP")
    }
}
