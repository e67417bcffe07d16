import Edge
import SQL
import Streams

extension ManagementService {
    /// `GET` and `POST /api/v1/clusters`.
    func serveClusters(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "POST", in: request)
        let clusters = try requireClusters()
        guard request.method == "POST" else { return respond(responder, clusters.all.map(ClusterDocument.init)) }
        let body = try JSONBody(request.body, known: ["name", "sql", "replace"])
        guard let name = try body.string("name") else { throw .badRequest("\"name\" is missing") }
        guard let text = try body.string("sql") else { throw .badRequest("\"sql\" is missing") }
        let replaces = try body.bool("replace") ?? false
        onWorker("clusters", responder) { [self] () throws(APIError) in
            let info = try Self.explained { () throws(SQLError) in
                try clusters.submit(name: name, text: text, replaces: replaces)
            }
            respond(responder, status: 201, ClusterDocument(info))
        }
    }

    /// `GET` and `DELETE /api/v1/clusters/NAME`.
    func serveCluster(_ name: String, _ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "DELETE", in: request)
        let clusters = try requireClusters()
        let isRemoval = request.method == "DELETE"
        onWorker("clusters", responder) { [self] () throws(APIError) in
            if isRemoval {
                try Self.explained { () throws(SQLError) in try clusters.remove(name) }
                return respond(responder, ["removed": name])
            }
            let info = try Self.explained { () throws(SQLError) in try clusters.known(name) }
            respond(responder, ClusterDocument(info))
        }
    }

    /// `POST /api/v1/clusters/NAME/launch`, `…/enable`, `…/disable`.
    func serveCluster(
        _ name: String, action: String, _ request: HTTPRequest, _ responder: Responder
    ) throws(APIError) {
        try only("POST", in: request)
        let clusters = try requireClusters()
        let bytes = request.body.isEmpty ? Array("{}".utf8) : request.body
        let work: @Sendable () throws(SQLError) -> String?
        switch action {
        case "launch":
            let body = try JSONBody(bytes, known: ["parameters", "from"])
            let parameters = try body.texts("parameters") ?? [:]
            let start = try Self.start(from: try body.string("from"), rewinds: false)
            work = { () throws(SQLError) in try clusters.launch(name, parameters: parameters, start: start) }
        case "enable", "disable":
            let isEnabled = action == "enable"
            work = { () throws(SQLError) in
                try clusters.setEnabled(name, isEnabled)
                return nil
            }
        default: throw APIError(404, "not_found", "nothing is at \(request.path)")
        }
        onWorker("clusters", responder) { [self] () throws(APIError) in
            let job = try Self.explained(work)
            if let job, let info = context.jobs?.info(job) {
                return respond(responder, status: 201, JobDocument(info, isWhole: true))
            }
            let info = try Self.explained { () throws(SQLError) in try clusters.known(name) }
            respond(responder, ClusterDocument(info))
        }
    }

    private func requireClusters() throws(APIError) -> ClusterService {
        guard let clusters = context.clusters else { throw APIError(404, "not_found", "this server runs no jobs") }
        return clusters
    }
}

/// A cluster; the members are the API's names.
private struct ClusterDocument: Encodable {
    struct Note: Encodable {
        var time: String
        var message: String
    }

    var name: String
    var sql: String
    var version: Int
    var versions: [Int]
    var enabled: Bool
    var owner: String?
    var labels: [String: String]
    var parameters: [String: String]
    var sla_min: Int
    var sla_max: Int?
    var cron: String?
    var time_zone: String
    var next_fire: String?
    var jobs: [String]
    var notes: [Note]

    init(_ info: ClusterInfo) {
        name = info.name
        sql = info.text
        version = info.version
        versions = info.versions
        enabled = info.isEnabled
        owner = info.owner
        labels = info.labels
        parameters = info.parameters
        sla_min = info.minimum
        sla_max = info.maximum
        cron = info.cron
        time_zone = info.timeZone
        next_fire = info.nextFire.map(JobDocument.text)
        jobs = info.jobs
        notes = info.notes.map { Note(time: JobDocument.text($0.time), message: $0.message) }
    }
}
