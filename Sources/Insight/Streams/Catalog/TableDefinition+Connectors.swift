import Columns
import SQL

extension TableDefinition {
    private static let connectors = ["filesystem", "topic", "http", "datagen", "nexmark"]

    /// Where a declared table's rows come from: `'connector'` says it, or `'path'` or `'topic'` alone; else the table
    /// of the same name that is there already.
    static func source(_ declaration: TableDeclaration, over existing: TableDefinition?) throws(SQLError) -> Source {
        let options = declaration.options
        switch options["connector"] {
        case "datagen"?, "nexmark"?: return .generated(options: options)
        case "http"?:
            // What is wrong with the options is told now, not when it is looked up.
            _ = try RequestTable(name: declaration.name, fields: declaration.fields, values: options)
            return .requests(options: options)
        case "filesystem"?:
            guard options["path"] != nil else { throw missing("path", "filesystem", declaration.name) }
        case "topic"?:
            guard options["topic"] != nil else { throw missing("topic", "topic", declaration.name) }
        case "blackhole"?:
            throw SQLError(
                code: .unsupported, message: "table \(declaration.name): connector 'blackhole' has no rows to read")
        case let other?:
            throw SQLError(
                code: .unsupported, message: "table \(declaration.name): there is no connector '\(other)'",
                suggestion: "there are \(connectors.joined(separator: ", "))")
        case nil: break
        }
        if let path = options["path"] {
            let source = try file(path, options["format"], declaration.name)
            guard options["source.monitor-interval"] != nil, case .file(let path, let format) = source else {
                return source
            }
            return try watched(path, format, declaration)
        }
        let source = options["topic"].map { Source.topic($0) } ?? existing?.source ?? .topic(declaration.name)
        if case .topic = source { try checkTopicOptions(declaration) }
        return source
    }

    /// Refuses what a topic knows nothing of: an option without effect is a mistake that nobody sees.
    private static func checkTopicOptions(_ declaration: TableDeclaration) throws(SQLError) {
        let table = declaration.name
        if declaration.options["scan.startup.mode"] != nil {
            throw SQLError(
                code: .invalidQuery, message: "table \(table): connector 'topic' has no option 'scan.startup.mode'",
                suggestion: "leave it out: a job reads from the earliest event on, and from the latest with "
                    + "squilla job submit … --from latest")
        }
        let options = try ConnectorOptions(
            table: table, connector: "topic", values: declaration.options, known: ["topic", "format", idleOption])
        // Events come in as JSON. What the log keeps has no format that could be chosen.
        _ = try options.word("format", among: ["json"])
    }

    private static func file(_ path: String, _ format: String?, _ table: String) throws(SQLError) -> Source {
        let path = path.hasPrefix("file://") ? String(path.dropFirst(7)) : path
        let named = format.map { $0 == "json" ? "ndjson" : $0 }
        guard let known = named.map({ FileFormat(rawValue: $0) }) ?? FileFormat.guess(path: path) else {
            throw SQLError(
                code: .invalidQuery, message: "the format '\(format ?? "")' of table \(table) is unknown",
                suggestion: "known: json, csv, combined")
        }
        return .file(path: path, format: known)
    }

    private static func watched(
        _ path: String, _ format: FileFormat, _ declaration: TableDeclaration
    ) throws(SQLError) -> Source {
        let options = try ConnectorOptions(
            table: declaration.name, connector: "filesystem", values: declaration.options,
            known: ["path", "format", "source.monitor-interval", "source.max-files", idleOption])
        guard !FileTable.isPipe(path) else {
            throw SQLError(
                code: .invalidQuery, message: "table \(declaration.name): '\(path)' can't be watched: it is no folder")
        }
        guard !FolderSource.isPacked(path) else {
            throw SQLError(
                code: .unsupported, message: "table \(declaration.name): '\(path)' is packed, and can't be followed",
                suggestion: "name the file that it is packed from")
        }
        guard !declaration.fields.isEmpty || format == .combined else {
            throw SQLError(
                code: .invalidQuery,
                message: "table \(declaration.name): a watched folder needs its columns declared",
                suggestion: "CREATE TABLE \(declaration.name) (ts TIMESTAMP(3), message STRING) WITH (…)")
        }
        var watch = FolderSource.Options()
        watch.interval = try options.duration("source.monitor-interval", 10_000...86_400_000_000) ?? watch.interval
        watch.maximumFiles = try options.integer("source.max-files", 1...10_000_000) ?? watch.maximumFiles
        let bare = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        return .watched(path: bare, format: format, interval: watch.interval, maximumFiles: watch.maximumFiles)
    }

    /// How a file is looked up.
    static func fileLookup(_ declaration: TableDeclaration) throws(SQLError) -> LookupOptions {
        let options = try ConnectorOptions(
            table: declaration.name, connector: "filesystem", values: declaration.options,
            known: ["path", "format"] + LookupOptions.names)
        return try LookupOptions(options, known: [.full])
    }

    private static func missing(_ option: String, _ connector: String, _ table: String) -> SQLError {
        SQLError(
            code: .invalidQuery, message: "table \(table): connector '\(connector)' lacks the option '\(option)'",
            suggestion: "write WITH ('connector' = '\(connector)', '\(option)' = '…')")
    }

    /// What makes up the rows of a table.
    static func generator(
        name: String, options: [String: String], fields: [PlanField]?, maximumRows: Int
    ) throws(SQLError) -> any RowGenerator {
        if options["connector"] == "nexmark" {
            let nexmark = NexmarkGenerator(
                try NexmarkOptions(table: name, values: options, maximumEvents: maximumRows))
            for field in fields ?? [] where nexmark.schema.index(of: field.name) == nil {
                throw SQLError(
                    code: .unknownColumn,
                    message: "table \(name): Nexmark's table has no column \(field.name)",
                    suggestion: "it has \(nexmark.schema.fields.map(\.name).joined(separator: ", "))")
            }
            return nexmark
        }
        return try DatagenGenerator(table: name, values: options, fields: fields ?? [], maximumRows: maximumRows)
    }
}
