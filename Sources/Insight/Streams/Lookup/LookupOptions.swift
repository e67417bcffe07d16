import SQL

/// How a table is looked up: Flink's options.
struct LookupOptions: Sendable, Hashable {
    enum Cache: String, Sendable {
        case none
        /// Keys that were asked for.
        case partial
        /// The whole table.
        case full
    }

    var cache = Cache.none
    /// Rows that a partial cache holds; a key without rows counts as one.
    var maximumRows = 10_000
    /// Microseconds; `nil` never expires.
    var expireAfterWrite: Int64?
    var expireAfterAccess: Int64?
    /// Whether keys that are not there are remembered too.
    var cachesMissing = true
    /// Between two looks whether a whole table has changed, microseconds.
    var reloadInterval: Int64 = 10_000_000
    var maximumRetries = 3

    static let names = [
        "lookup.cache", "lookup.partial-cache.max-rows", "lookup.partial-cache.expire-after-write",
        "lookup.partial-cache.expire-after-access", "lookup.partial-cache.cache-missing-key",
        "lookup.full-cache.reload-strategy", "lookup.full-cache.periodic-reload.interval", "lookup.max-retries",
    ]

    init() {}

    init(_ options: ConnectorOptions, known: [Cache]) throws(SQLError) {
        let words = known.map(\.rawValue)
        cache = try options.word("lookup.cache", among: words).flatMap(Cache.init) ?? known[0]
        maximumRows = try options.integer("lookup.partial-cache.max-rows", 1...100_000_000) ?? maximumRows
        let times: ClosedRange<Int64> = 1_000...(366 * 86_400_000_000)
        expireAfterWrite = try options.duration("lookup.partial-cache.expire-after-write", times)
        expireAfterAccess = try options.duration("lookup.partial-cache.expire-after-access", times)
        cachesMissing = try options.flag("lookup.partial-cache.cache-missing-key") ?? cachesMissing
        _ = try options.word("lookup.full-cache.reload-strategy", among: ["periodic"])
        reloadInterval =
            try options.duration("lookup.full-cache.periodic-reload.interval", 10_000...times.upperBound)
            ?? reloadInterval
        maximumRetries = try options.integer("lookup.max-retries", 0...1_000) ?? maximumRetries
    }
}

/// A table that answers one key at a time over HTTP.
struct RequestTable: Sendable {
    var template: URLTemplate
    var headers: [OutboundRequest.Header]
    var timeoutMilliseconds: Int
    var maximumResponseBytes: Int
    /// Requests under way at a time, of one join.
    var maximumInFlight: Int
    var lookup: LookupOptions

    /// - Parameters:
    ///   - fields: the declared columns, some of which stand in the address.
    ///   - values: the `WITH` list.
    init(name: String, fields: [PlanField], values: [String: String]) throws(SQLError) {
        let options = try ConnectorOptions(
            table: name, connector: "http", values: values,
            known: [
                "url", "format", "http.header.*", "lookup.timeout", "lookup.max-in-flight", "lookup.max-response-size",
            ] + LookupOptions.names)
        let names = fields.map(\.name)
        guard !names.isEmpty else {
            throw SQLError(
                code: .invalidQuery, message: "table \(name): a table over HTTP needs its columns declared",
                suggestion: "CREATE TABLE \(name) (id STRING, name STRING) WITH (…)")
        }
        let text = try options.address("url", names: names)
        template = URLTemplate(text, names: names)
        guard !template.names.isEmpty else {
            throw SQLError(
                code: .invalidQuery, message: "table \(name): no column stands in the url, so it can't be looked up",
                suggestion: "'url' = 'http://host/path/{\(names[0])}'")
        }
        _ = try options.word("format", among: ["json"])
        headers = try options.headers()
        timeoutMilliseconds =
            Int(try options.duration("lookup.timeout", 1_000...600_000_000) ?? 10_000_000) / 1_000
        maximumInFlight = try options.integer("lookup.max-in-flight", 1...1_000) ?? 16
        maximumResponseBytes = try options.bytes("lookup.max-response-size", 1_024...(64 << 20)) ?? 1 << 20
        lookup = try LookupOptions(options, known: [.none, .partial])
    }
}
