import SQL

/// `'connector' = 'filesystem'` as a sink: a folder of files, Flink's options.
struct FileSinkOptions: Sendable {
    var folder: String
    var encoding: RowEncoding
    /// A file is closed when it has so many bytes, and when its first row is so old (microseconds).
    var maximumBytes: Int
    var maximumAge: Int64

    init(_ table: TableDeclaration) throws(SQLError) {
        let options = try ConnectorOptions(
            table: table.name, connector: "filesystem", values: table.options,
            known: ["path", "format", "sink.rolling-policy.file-size", "sink.rolling-policy.rollover-interval"])
        guard let path = options.text("path"), !path.isEmpty else { throw options.missing("path") }
        let bare = path.hasPrefix("file://") ? String(path.dropFirst(7)) : path
        guard bare != "-", !bare.hasPrefix("/dev/") else {
            throw SQLError(
                code: .invalidQuery, message: "table \(table.name): a sink's path is a folder, not '\(bare)'",
                suggestion: "'connector' = 'print' writes to standard output")
        }
        folder = bare.count > 1 && bare.hasSuffix("/") ? String(bare.dropLast()) : bare
        encoding =
            switch try options.word("format", among: ["json", "ndjson", "csv"]) {
            case "csv": .csv
            default: .ndjson
            }
        maximumBytes = try options.bytes("sink.rolling-policy.file-size", 1_024...(1 << 40)) ?? 128 << 20
        maximumAge =
            try options.duration("sink.rolling-policy.rollover-interval", 100_000...(366 * 86_400_000_000))
            ?? 1_800_000_000
    }
}
