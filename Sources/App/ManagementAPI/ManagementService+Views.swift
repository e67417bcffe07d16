import Columns
import Edge
import SQL
import Streams

extension ManagementService {
    /// `GET /api/v1/views`: the materialised views.
    func serveViews(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", in: request)
        respond(responder, context.queries.materializedViews.compactMap { ViewDocument($0, context.queries) })
    }

    /// `GET /api/v1/views/NAME`, and with `?key=VALUE` the row of a key (values of several columns joined by commas).
    func serveView(_ name: String, _ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", in: request)
        let view = context.queries.materializedView(name)
        guard let snapshot = view.snapshot, let document = ViewDocument(view, context.queries) else {
            throw APIError(404, "unknown_view", "there is no materialized view \(name)")
        }
        guard let key = QueryString(request.query)["key"] else { return respond(responder, document) }
        let values = snapshot.keyFields.count == 1 ? [key] : key.split(separator: ",").map(String.init)
        let row = try Self.explained { () throws(SQLError) in try snapshot.row(key: values) }
        guard let row else { throw APIError(404, "unknown_key", "view \(name) has no row of the key \(key)") }
        var writer = JSONWriter(fields: snapshot.fields)
        writer.append(row, prefix: "", suffix: "\n")
        responder.respond(status: 200, headers: Self.json, body: writer.take())
    }
}

/// A materialised view as the API tells of it.
struct ViewDocument: Encodable {
    struct ColumnDocument: Encodable {
        let name: String
        let type: String
    }

    let name: String
    let rows: Int
    let bytes: Int
    let key: [String]
    let columns: [ColumnDocument]
    /// `kept`, or the state of its job where that is another.
    let state: String
    /// Why it is kept up to date no more.
    let failure: String?

    /// `nil` where there is no such view.
    init?(_ view: ViewHandle, _ queries: QueryService) {
        guard let snapshot = view.snapshot else { return nil }
        name = view.name
        rows = snapshot.rowCount
        bytes = snapshot.byteCount
        key = snapshot.keyFields.map(\.name)
        columns = snapshot.fields.map { ColumnDocument(name: $0.name, type: $0.type.name) }
        (state, failure) = queries.standing(of: view)
    }
}
