public import Columns
public import SQL

/// A table that a query can read: where its rows come from, and how they are to be understood.
public struct TableDefinition: Sendable {
    public enum Source: Sendable {
        /// A topic of the event log.
        case topic(String)
        /// A file, or `-` for standard input.
        case file(path: String, format: FileFormat)
        /// The files of a folder, or one file: those that come, and those that grow. It is looked at each `interval`,
        /// microseconds.
        case watched(path: String, format: FileFormat, interval: Int64, maximumFiles: Int)
        /// Rows that are there already.
        case batches([Batch])
        /// Made-up rows, as the `WITH` list of a `CREATE TABLE` describes them.
        case generated(options: [String: String])
        /// A table that answers one key at a time over HTTP, as the `WITH` list of a `CREATE TABLE` describes it.
        case requests(options: [String: String])
    }

    public enum FileFormat: String, Sendable, CaseIterable {
        /// One JSON object a line.
        case ndjson
        /// With a header line (RFC 4180).
        case csv
        /// Access logs in Apache's combined (or common) format.
        case combined

        /// By the file's name; JSON lines when it tells nothing.
        public static func guess(path: String) -> FileFormat {
            let name = path.lowercased()
            if name.hasSuffix(".csv") { return .csv }
            if name.hasSuffix(".log") || name.hasSuffix(".clf") { return .combined }
            return .ndjson
        }
    }

    public var source: Source
    /// The columns and their types where they are declared; otherwise a file's are found by a look at its start.
    public var fields: [PlanField]?
    /// The column of event time; otherwise `@timestamp`, or a file's first timestamp column.
    public var timeColumn: String?
    /// How far the watermark runs behind the latest event time, microseconds; `nil` for the service's default
    /// (topics) or 0.
    public var watermarkDelay: Int64?

    /// The columns were declared where the computed ones were.
    var declaresFields = false
    /// Columns that are computed from the source's.
    var computed: [ComputedColumn] = []
    var primaryKey: [String] = []
    /// How it is looked up.
    var lookup = LookupOptions()
    /// Columns that tell where a row lies, by name.
    var metadata: [String: LogMetadata] = [:]
    /// The same, of a watched folder.
    var fileMetadata: [String: FileMetadata] = [:]
    /// After how long a silence the watermark goes on with the clock, microseconds; 0 for never, `nil` for the usual.
    var idleTimeout: Int64?

    public init(_ source: Source) {
        self.source = source
        self.fields = nil
        self.timeColumn = nil
        self.watermarkDelay = nil
    }
}
