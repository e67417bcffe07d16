import Bytes
import Edge
import Runtime
import Settings
public import Streams

extension ManagementService {
    /// `POST /api/v1/query` with a JSON object, or `GET` with the same members in the query string (`q` for `query`).
    func serveQuery(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "POST", in: request)
        var asked = request.method == "POST" ? try Self.bodyRequest(request) : try Self.stringRequest(request)
        asked.allowsStatements = request.method == "POST"
        let wantsEvents = request.header("Accept")?.contains("text/event-stream") ?? false
        let sink = QueryResponse(responder, format: wantsEvents ? .serverSentEvents : .lines)
        let handle = context.queries.run(asked, sink: sink)
        sink.attach(handle)
    }

    private static func bodyRequest(_ request: HTTPRequest) throws(APIError) -> QueryRequest {
        let body = try JSONBody(request.body, known: ["query", "live", "since", "from", "to"])
        guard let text = try body.string("query") else { throw .badRequest("\"query\" is missing") }
        return try make(
            text, isLive: try body.bool("live") ?? false, since: try body.string("since"),
            from: try body.string("from"), to: try body.string("to"))
    }

    private static func stringRequest(_ request: HTTPRequest) throws(APIError) -> QueryRequest {
        let values = QueryString(request.query)
        guard let text = values["q"] else { throw .badRequest("q is missing: /api/v1/query?q=SELECT…") }
        return try make(
            text, isLive: values["live"] == "true", since: values["since"], from: values["from"], to: values["to"])
    }

    private static func make(
        _ text: String, isLive: Bool, since: String?, from: String?, to: String?
    ) throws(APIError) -> QueryRequest {
        var request = QueryRequest(
            text, mode: isLive ? (since == nil && from == nil ? .live : .storedThenLive) : .stored)
        do {
            try request.setTimeRange(since: since, from: from, to: to)
        } catch {
            throw .badRequest(error.description)
        }
        return request
    }
}

/// Why a time is none.
public struct TimeRangeError: Error, CustomStringConvertible, Sendable {
    public let description: String
}

extension QueryRequest {
    /// Sets `from` and `to` as people write them: a duration back from now, RFC 3339 times.
    public mutating func setTimeRange(since: String?, from: String?, to: String?) throws(TimeRangeError) {
        if let since {
            guard let milliseconds = Quantities.milliseconds(since) else {
                throw TimeRangeError(
                    description: "since: expected a duration such as 30s, 10m, 6h or 7d, found \"\(since)\"")
            }
            self.from = SystemClock().now() - Int64(milliseconds) * 1000
        }
        if let from { self.from = try Self.time("from", from) }
        if let to { self.to = try Self.time("to", to) }
    }

    private static func time(_ name: String, _ text: String) throws(TimeRangeError) -> Int64 {
        let bytes = Array(text.utf8)
        guard let time = TimeParser.iso8601(bytes.span) else {
            throw TimeRangeError(
                description: "\(name): expected a time such as 2026-01-31T12:00:00Z, found \"\(text)\"")
        }
        return time
    }
}
