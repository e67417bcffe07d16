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
        guard request.method == "POST" else { return respond(responder, jobs.all.map(JobDocument.init)) }
        let body = try JSONBody(request.body, known: ["name", "sql", "from", "replace"])
        guard let name = try body.string("name") else { throw .badRequest("\"name\" is missing") }
        guard let text = try body.string("sql") else { throw .badRequest("\"sql\" is missing") }
        let start = try Self.start(from: try body.string("from"), rewinds: false)
        let replaces = try body.bool("replace") ?? false
        // Plans, and waits for files.
        onWorker("jobs", responder) { [self] () throws(APIError) in
            let info = try Self.explained { () throws(SQLError) in
                try jobs.submit(name: name, text: text, start: start, replaces: replaces)
            }
            respond(responder, status: 201, JobDocument(info))
        }
    }

    /// `GET` and `DELETE /api/v1/jobs/NAME`.
    func serveJob(_ name: String, _ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", "DELETE", in: request)
        let jobs = try requireJobs()
        guard request.method == "DELETE" else {
            guard let info = jobs.info(name) else { throw APIError(404, "unknown_job", "there is no job \(name)") }
            return respond(responder, JobDocument(info))
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
            respond(responder, JobDocument(info))
        }
    }

    private func requireJobs() throws(APIError) -> JobService {
        guard let jobs = context.jobs else { throw APIError(404, "not_found", "this server runs no jobs") }
        return jobs
    }

    private static func start(from: String?, rewinds: Bool) throws(APIError) -> JobStart {
        var start = JobStart()
        start.rewindsInputs = rewinds
        switch from {
        case nil, "earliest": break
        case "latest": start.fromLatest = true
        default: throw .badRequest("\"from\" is \"earliest\" or \"latest\"")
        }
        return start
    }

    private static func explained<Result>(_ body: () throws(SQLError) -> Result) throws(APIError) -> Result {
        do {
            return try body()
        } catch {
            let status =
                switch error.code {
                case .unknownJob: 404
                case .jobExists, .jobState: 409
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

/// A job; the members are the API's names.
private struct JobDocument: Encodable {
    struct CheckpointPart: Encodable {
        var epoch: Int64
        var bytes: Int
        var pause_us: Int64
        var duration_us: Int64
        var time: String
    }

    struct SinkPart: Encodable {
        var target: String
        var connector: String
        var rows: Int64
        var bytes: Int64
        var refusal: String?
        var refusing_since: String?
        var attempts: Int

        init(_ sink: JobSinkState) {
            target = sink.target
            connector = sink.connector
            rows = sink.rows
            bytes = sink.bytes
            refusal = sink.refusal
            refusing_since = sink.refusingSince.map(JobDocument.text)
            attempts = sink.attempts
        }
    }

    var name: String
    var sql: String
    var state: String
    var restarts: Int
    var failure: String?
    var rows_in: Int64
    var rows_out: Int64
    var late_rows: Int64
    var dead_rows: Int64
    var lag_rows: Int64
    var state_bytes: Int
    var watermark: String?
    var checkpoints: Int
    var checkpoint: CheckpointPart?
    var savepoints: [String]
    var sinks: [SinkPart]

    init(_ info: JobInfo) {
        name = info.name
        sql = info.text
        state = info.phase
        restarts = info.restarts
        failure = info.failure
        rows_in = info.progress.rowsIn
        rows_out = info.progress.rowsOut
        late_rows = info.progress.lateRows
        dead_rows = info.progress.deadRows
        lag_rows = info.progress.lagRows
        state_bytes = info.progress.stateBytes
        watermark = info.progress.watermark.map(Self.text)
        checkpoints = info.checkpoints
        checkpoint = info.checkpoint.map {
            CheckpointPart(
                epoch: $0.epoch, bytes: $0.bytes, pause_us: $0.pauseMicroseconds, duration_us: $0.durationMicroseconds,
                time: Self.text($0.time))
        }
        savepoints = info.savepoints
        sinks = info.progress.sinks.map(SinkPart.init)
    }

    static func text(_ microseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(microseconds) / 1e6).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension ManagementService {
    /// The jobs' part of `/metrics`.
    func writeJobs(to metrics: inout PrometheusText) {
        let all = context.jobs?.all ?? []
        func write(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (JobInfo) -> Int64) {
            metrics.family(name, kind, help)
            for job in all { metrics.sample(name, [("job", job.name)], value(job)) }
        }
        metrics.family("squilla_job_info", .gauge, "Jobs by state.")
        for job in all { metrics.sample("squilla_job_info", [("job", job.name), ("state", job.phase)], 1) }
        write("squilla_job_rows_in_total", .counter, "Rows read in this run.") { $0.progress.rowsIn }
        write("squilla_job_rows_out_total", .counter, "Rows answered.") { $0.progress.rowsOut }
        write("squilla_job_late_rows_total", .counter, "Rows that came after their window had closed.") {
            $0.progress.lateRows
        }
        write("squilla_job_dead_rows_total", .counter, "Rows that an expression failed on.") { $0.progress.deadRows }
        write("squilla_job_lag_rows", .gauge, "Events that were not read yet.") { $0.progress.lagRows }
        write("squilla_job_state_bytes", .gauge, "Memory of the state.") { Int64($0.progress.stateBytes) }
        writeSinks(of: all, to: &metrics)
        write("squilla_job_restarts_total", .counter, "Runs after a failure.") { Int64($0.restarts) }
        write("squilla_job_checkpoints_total", .counter, "Checkpoints of this process.") { Int64($0.checkpoints) }
        write("squilla_job_checkpoint_bytes", .gauge, "The last checkpoint.") { Int64($0.checkpoint?.bytes ?? 0) }
        func write(_ name: String, _ help: String, microseconds: (JobCheckpointInfo) -> Int64) {
            metrics.family(name, .gauge, help)
            for job in all {
                metrics.sample(name, [("job", job.name)], Double(job.checkpoint.map(microseconds) ?? 0) / 1e6)
            }
        }
        write("squilla_job_checkpoint_pause_seconds", "How long the job stood still for the last checkpoint.") {
            $0.pauseMicroseconds
        }
        write("squilla_job_checkpoint_duration_seconds", "How long the last checkpoint took until it was on disk.") {
            $0.durationMicroseconds
        }
    }

    private func writeSinks(of jobs: [JobInfo], to metrics: inout PrometheusText) {
        func write(
            _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (JobSinkState) -> Int64
        ) {
            metrics.family(name, kind, help)
            for job in jobs {
                for sink in job.progress.sinks {
                    metrics.sample(name, [("job", job.name), ("target", sink.target)], value(sink))
                }
            }
        }
        write("squilla_job_sink_rows_total", .counter, "Rows that a sink outside of the log took in this run.") {
            $0.rows
        }
        write("squilla_job_sink_refusing", .gauge, "Whether a sink takes no rows now.") { $0.refusal == nil ? 0 : 1 }
    }
}
