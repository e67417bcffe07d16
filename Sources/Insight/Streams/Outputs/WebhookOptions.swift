import SQL

/// `'connector' = 'http'` as a sink: each batch of rows is a request.
struct WebhookOptions: Sendable {
    var url: OutboundURL
    var method: String
    var headers: [OutboundRequest.Header]
    var encoding: RowEncoding
    /// A request has so many rows, and so many bytes unless a single row has more.
    var maximumRows: Int
    var maximumBytes: Int
    var timeoutMilliseconds: Int
    /// Tries before the job fails; `nil` never gives up.
    var maximumRetries: Int?

    init(_ table: TableDeclaration) throws(SQLError) {
        let options = try ConnectorOptions(
            table: table.name, connector: "http", values: table.options,
            known: [
                "url", "format", "http.method", "http.header.*", "sink.batch.max-rows", "sink.batch.max-size",
                "sink.request-timeout", "sink.max-retries",
            ])
        let text = try options.address("url")
        guard let url = OutboundURL(text) else { throw options.missing("url") }
        self.url = url
        method = (try options.word("http.method", among: ["post", "put"]) ?? "post").uppercased()
        headers = try options.headers()
        encoding =
            switch try options.word("format", among: ["json", "ndjson"]) {
            case "json": .json
            default: .ndjson
            }
        maximumRows = try options.integer("sink.batch.max-rows", 1...100_000) ?? 1_000
        maximumBytes = try options.bytes("sink.batch.max-size", 1_024...(64 << 20)) ?? 1 << 20
        timeoutMilliseconds =
            Int(try options.duration("sink.request-timeout", 1_000...600_000_000) ?? 10_000_000) / 1_000
        maximumRetries = try options.integer("sink.max-retries", 0...1_000_000)
    }
}
