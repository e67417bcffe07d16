import ArgumentParser
import EventLog
import Foundation
import ManagementAPI
import Runtime
import SQL
import Settings
import Streams

struct SQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Ask a question in SQL: of stored events, of live ones, or of files.",
        discussion: """
            squilla sql "SELECT http.response.status_code, count(*) FROM requests GROUP BY 1"
            squilla sql --live "SELECT url.path, http.response.status_code FROM requests"
            squilla sql --table log=access.log "SELECT client.ip, count(*) AS n FROM log GROUP BY 1 ORDER BY n DESC LIMIT 10"

            Files are JSON lines (.ndjson, .json), CSV with a header (.csv) or access logs in the combined format
            (.log); NAME=FORMAT:PATH names the format, PATH - is standard input. docs/sql.md is the reference.
            """)

    @Argument(help: "One query, with CREATE statements before it perhaps; - reads it from standard input.")
    var query: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A file with the query, instead of the argument.", valueName: "path"))
    var file: String?

    @Flag(help: "Rows as they happen; windows when they close.")
    var live = false

    @Option(
        help: ArgumentHelp(
            "Only events of this time until now, such as 10m; with --live, they come first.", valueName: "duration"))
    var since: String?

    @Option(help: ArgumentHelp("Only events from this time on (RFC 3339).", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("Only events before this time (RFC 3339).", valueName: "time"))
    var to: String?

    @Option(help: ArgumentHelp("A file as a table; may be repeated.", valueName: "name=path"))
    var table: [String] = []

    @Option(
        help: ArgumentHelp(
            "The column of event time of --table tables; else their first timestamp.", valueName: "column"))
    var timeColumn: String?

    @Option(
        help: ArgumentHelp(
            "State that the query may hold, such as 1GiB (files only; a server has its own).", valueName: "size"))
    var memory: String?

    @Option(help: "table, json (an object a line) or csv.")
    var format = OutputFormat.table

    @OptionGroup var locator: ServerLocator

    func run() throws {
        let text = try text()
        if table.isEmpty, let client = try locator.client() {
            return try runRemotely(text, client)
        }
        try runHere(text)
    }

    private func runRemotely(_ text: String, _ client: APIClient) throws {
        var printer = RowPrinter(format: format, isLive: live)
        let call = QueryCall(query: text, isLive: live, since: since, from: from, to: to)
        defer { printer.finish() }
        try call.run(on: client) { line in
            printer.print(line: line)
            return true
        } pieceEnded: {
            printer.flush()
        }
    }

    /// In this process: files, and the stored events of a folder on which no server runs.
    private func runHere(_ text: String) throws {
        var request = QueryRequest(text, mode: live ? .live : .stored)
        request.allowsFiles = true
        do {
            try request.setTimeRange(since: since, from: from, to: to)
        } catch {
            throw ValidationError("--\(error.description)")
        }
        for definition in table {
            let (name, value) = try Self.tableDefinition(definition, timeColumn: timeColumn)
            request.tables[name] = value
        }
        var limits = QueryLimits()
        if let memory {
            guard let bytes = Quantities.bytes(memory) else {
                throw ValidationError("--memory: expected a size such as 512MiB, found \"\(memory)\"")
            }
            limits.memoryBytes = bytes
        }
        let spill = TemporarySpillFolder()
        limits.spillFolder = spill?.path
        defer { spill?.remove() }
        let log = try openStoredLog()
        if live, table.isEmpty { _ = try locator.requiredClient() }
        let service = QueryService(log: log, limits: limits)
        let sink = PrintingSink(RowPrinter(format: format, isLive: live))
        service.run(request, sink: sink)
        let result = sink.wait()
        service.stop()
        log?.close()
        switch result {
        case .success(let statistics):
            if statistics.badRows > 0 {
                StandardError.write(
                    line:
                        "squilla: \(statistics.badRows) line\(statistics.badRows == 1 ? " was" : "s were") skipped: not a row of the table's format"
                )
            }
        case .failure(let error): throw Failure(error.rendered(text))
        }
    }

    private func openStoredLog() throws -> EventLog? {
        guard ServerFacts.running(in: locator.data) == nil else {
            // Beside a running server, files can be joined with nothing of its log: it is asked through its API.
            return nil
        }
        let storage = DiskStorage()
        var options = EventLogOptions(folder: DataFolder.log(locator.data))
        options.isReadOnly = true
        guard DataFolder.hasLog(locator.data) else { return nil }
        do {
            return try EventLog.open(options, storage: storage, clock: SystemClock())
        } catch {
            throw Failure("\(error)")
        }
    }

    private static func tableDefinition(
        _ text: String, timeColumn: String?
    ) throws -> (String, TableDefinition) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ValidationError("--table: expected NAME=PATH, found \"\(text)\"")
        }
        var path = String(text[text.index(after: equals)...])
        var format = TableDefinition.FileFormat.guess(path: path)
        for candidate in TableDefinition.FileFormat.allCases where path.hasPrefix(candidate.rawValue + ":") {
            format = candidate
            path.removeFirst(candidate.rawValue.count + 1)
        }
        var definition = TableDefinition(.file(path: path, format: format))
        definition.timeColumn = timeColumn
        return (String(text[..<equals]), definition)
    }

    private func text() throws -> String {
        switch (query, file) {
        case ("-"?, nil): return try Self.standardInput()
        case (let query?, nil): return query
        case (nil, let file?):
            guard let data = FileManager.default.contents(atPath: file) else {
                throw Failure("\(file) can't be read")
            }
            return String(decoding: data, as: UTF8.self)
        default:
            throw ValidationError("one query is wanted: as the argument, or in a file with --file")
        }
    }

    private static func standardInput() throws -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}
