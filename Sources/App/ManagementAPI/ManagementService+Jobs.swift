import Edge
import Foundation
import Runtime
import SQL
import Streams

extension ManagementService {
    /// `GET` and `POST /api/v1/jobs`.
    func serveJobs(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "POST", in: request)
        let jobs = try requireJobs()
        guard request.method == "POST" else {
            return respond(responder, jobs.all.map { JobDocument($0, isWhole: false) })
        }
        let body = try JSONBody(request.body, known: ["name", "sql", "from", "replace"])
        guard let name = try body.string("name") else { throw .badRequest("\"name\" is missing") }
        guard let text = try body.string("sql") else { throw .badRequest("\"sql\" is missing") }
        guard !ClusterService.isCluster(text) else {
            throw .badRequest(
                "this text has parameters, a schedule or an SLA, or a header that is wrong: it is for /api/v1/clusters")
        }
        let start = try Self.start(from: try body.string("from"), rewinds: false)
        let replaces = try body.bool("replace") ?? false
        // Plans, and waits for files.
        onWorker("jobs", responder) { [self] () throws(APIError) in
            let info = try Self.explained { () throws(SQLError) in
                try jobs.submit(name: name, text: text, start: start, replaces: replaces)
            }
            respond(responder, status: 201, JobDocument(info, isWhole: true))
        }
    }

    /// `GET` and `DELETE /api/v1/jobs/NAME`.
    func serveJob(_ name: String, _ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "DELETE", in: request)
        let jobs = try requireJobs()
        guard request.method == "DELETE" else {
            guard let info = jobs.info(name) else { throw APIError(404, "unknown_job", "there is no job \(name)") }
            return respond(responder, JobDocument(info, isWhole: true))
        }
        onWorker("jobs", responder) { [self] () throws(APIError) in
            try Self.explained { () throws(SQLError) in try jobs.remove(name) }
            respond(responder, ["removed": name])
        }
    }

    /// `GET /api/v1/jobs/NAME/log`, and `POST …/stop`, `…/savepoint`, `…/restart`.
    func serveJob(
        _ name: String, action: String, _ request: HTTPRequest, _ responder: Responder
    ) throws(APIError) {
        let jobs = try requireJobs()
        if action == "log" {
            try only("GET", in: request)
            let lines = try Self.explained { () throws(SQLError) in try jobs.log(name) }
            return respond(
                responder, lines.map { ["time": JobDocument.text($0.time), "message": $0.message] })
        }
        try only("POST", in: request)
        let bytes = request.body.isEmpty ? Array("{}".utf8) : request.body
        let work: @Sendable () throws(SQLError) -> Void
        switch action {
        case "stop":
            let savepoint = try JSONBody(bytes, known: ["savepoint"]).string("savepoint")
            work = { () throws(SQLError) in try jobs.stop(name, savepoint: savepoint) }
        case "savepoint":
            guard let label = try JSONBody(bytes, known: ["label"]).string("label") else {
                throw .badRequest("\"label\" is missing")
            }
            work = { () throws(SQLError) in try jobs.savepoint(name, label: label) }
        case "restart":
            let body = try JSONBody(bytes, known: ["savepoint", "from"])
            let savepoint = try body.string("savepoint")
            let from = try body.string("from")
            let start = try Self.start(from: from, rewinds: from != nil)
            work = { () throws(SQLError) in try jobs.restart(name, savepoint: savepoint, start: start) }
        default: throw APIError(404, "not_found", "nothing is at \(request.path)")
        }
        onWorker("jobs", responder) { [self] () throws(APIError) in
            try Self.explained(work)
            guard let info = jobs.info(name) else { return respond(responder, ["done": name]) }
            respond(responder, JobDocument(info, isWhole: true))
        }
    }

    private func requireJobs() throws(APIError) -> JobService {
        guard let jobs = context.jobs else { throw APIError(404, "not_found", "this server runs no jobs") }
        return jobs
    }

    static func start(from: String?, rewinds: Bool) throws(APIError) -> JobStart {
        var start = JobStart()
        start.rewindsInputs = rewinds
        switch from {
        case nil, "earliest": break
        case "latest": start.fromLatest = true
        default: throw .badRequest("\"from\" is \"earliest\" or \"latest\"")
        }
        return start
    }

    static func explained<Result>(_ body: () throws(SQLError) -> Result) throws(APIError) -> Result {
        do {
            return try body()
        } catch {
            let status =
                switch error.code {
                case .unknownJob, .unknownCluster: 404
                case .jobExists, .jobState, .clusterExists: 409
                case .sinkFailed, .sourceFailed: 503
                default: 400
                }
            var refusal = APIError(status, error.code.rawValue, error.message)
            refusal.line = error.line
            refusal.column = error.column
            refusal.suggestion = error.suggestion
            throw refusal
        }
    }
}
