import Foundation

/// One call of `POST /api/v1/query`.
struct QueryCall {
    var query: String
    var isLive = false
    var since: String?
    var from: String?
    var to: String?

    /// Runs it and calls `row` with each row's JSON; false ends it.
    /// - Throws: `APIFailure` when the query is refused or fails half-way.
    func run(on client: APIClient, row: (ArraySlice<UInt8>) throws -> Bool, pieceEnded: () -> Void = {}) throws {
        var object: [String: Any] = ["query": query, "live": isLive]
        object["since"] = since
        object["from"] = from
        object["to"] = to
        let body = [UInt8](try JSONSerialization.data(withJSONObject: object))
        let reply = try client.open(
            "POST", "/api/v1/query", body: body,
            headers: [("Content-Type", "application/json"), ("Accept", "application/x-ndjson")])
        try Self.read(reply, row: row, pieceEnded: pieceEnded)
    }

    /// Reads an answer in lines and calls `row` with each row's JSON; false ends it.
    /// - Throws: `APIFailure` when the query fails half-way.
    static func read(
        _ reply: APIReply, row: (ArraySlice<UInt8>) throws -> Bool, pieceEnded: () -> Void = {}
    ) throws {
        let mark = Array("{\"$".utf8)
        try reply.forEachLine(
            { line in
                guard line.starts(with: mark) else { return try row(line) }
                try takeNotice(line)
                return true
            }, pieceEnded: pieceEnded)
    }

    /// `{"$error": …}` ends the query; `{"$meta": …}` tells of drops and late rows.
    private static func takeNotice(_ line: ArraySlice<UInt8>) throws {
        if line.starts(with: Array("{\"$error\"".utf8)) { throw APIFailure(status: 200, body: Array(line)) }
        // The columns are told by the rows themselves.
        if line.starts(with: Array("{\"$meta\"".utf8)), !line.contains(Array("\"columns\":".utf8)) {
            StandardError.write(line: "squilla: " + String(decoding: line, as: UTF8.self))
        }
    }
}
