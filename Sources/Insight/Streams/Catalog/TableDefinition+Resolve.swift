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
    ///
    /// - Parameter awaitsTopics: a topic that isn't there yet is an empty one, where its columns are declared.
    func resolve(
        name: String, service: QueryService, isLive: Bool, awaitsTopics: Bool = false
    ) throws(SQLError) -> ResolvedTable {
        let declared = fields.map { Schema(planFields: $0) }
        let schema: Schema
        let resolved: ResolvedTable.Source
        var delay = watermarkDelay ?? 0
        var converted: Set<String> = []
        switch source {
        case .topic(let topic):
            let stored = try storedSchema(of: topic, name: name, service.log, awaitsTopics: awaitsTopics)
            converted = try convertedColumns(of: topic, stored, table: name)
            let read = declared ?? stored
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
        table.isDeclared = declared != nil
        table.converted = converted
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

    private func storedSchema(
        of topic: String, name: String, _ log: EventLog?, awaitsTopics: Bool
    ) throws(SQLError) -> Schema {
        if let info = log?.topic(topic) { return info.schema }
        guard awaitsTopics, log != nil, fields != nil else {
            throw SQLError(
                code: .unknownTable, message: "table \(name) is made of topic \(topic), which is not there",
                suggestion: "a job can wait for it, where CREATE TABLE \(name) declares its columns")
        }
        return Schema([])
    }

    /// The declared columns that the topic has in other types.
    ///
    /// - Throws: `type_mismatch` for one that can't be read as what it is declared.
    private func convertedColumns(
        of topic: String, _ stored: Schema, table: String
    ) throws(SQLError) -> Set<String> {
        var converted: Set<String> = []
        for field in fields ?? [] where metadata[field.name] == nil {
            guard let type = stored.index(of: field.name).map({ stored.fields[$0].type }) else { continue }
            guard StoredTypes.canRead(type, as: field.type) else {
                throw StoredTypes.refusal(of: field, stored: type, table: table, topic: topic)
            }
            if type != field.type.fieldType { converted.insert(field.name) }
        }
        return converted
    }

    /// Declared columns that are there must be of the physical type that carries the declared one.
    private static func require(_ declared: Schema?, in schema: Schema, table: String) throws(SQLError) {
        for field in declared?.fields ?? [] {
            guard let index = schema.index(of: field.name) else { continue }
            guard schema.fields[index].type == field.type else {
                let (wanted, type) = (SQLType(carriedBy: field.type), SQLType(carriedBy: schema.fields[index].type))
                throw SQLError(
                    code: .typeMismatch,
                    message: "column \(field.name) of table \(table) is declared as \(wanted.name), and it is "
                        + type.name, suggestion: "declare it as \(type.name), and CAST it in the query")
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
