import Foundation
import Streams

/// A job; the members are the API's names.
struct JobDocument: Encodable {
    struct CheckpointPart: Encodable {
        var epoch: Int64
        var bytes: Int
        var pause_us: Int64
        var duration_us: Int64
        var time: String

        init(_ checkpoint: JobCheckpointInfo) {
            epoch = checkpoint.epoch
            bytes = checkpoint.bytes
            pause_us = checkpoint.pauseMicroseconds
            duration_us = checkpoint.durationMicroseconds
            time = JobDocument.text(checkpoint.time)
        }
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

    struct PlanPart: Encodable {
        struct Node: Encodable {
            var id: Int
            var kind: String
            var statement: Int
            var name: String
            var detail: String?
            var rows_in: Int64
            var rows_out: Int64
            var bytes_in: Int64
            var busy_us: Int64
            var state_bytes: Int
            var watermark: String?
            var lag_rows: Int64
            var lag_bytes: Int64
            var malformed_lines: Int64
        }

        struct Edge: Encodable {
            var from: Int
            var to: Int
            /// That went this way in this run.
            var rows: Int64
        }

        var nodes: [Node]
        var edges: [Edge]

        init(_ plan: JobPlan, _ progress: [JobNodeProgress]) {
            func of(_ node: Int) -> JobNodeProgress { node < progress.count ? progress[node] : JobNodeProgress() }
            nodes = plan.nodes.enumerated().map { id, node in
                let done = of(id)
                return Node(
                    id: id, kind: node.kind.rawValue, statement: node.statement, name: node.name, detail: node.detail,
                    rows_in: done.rowsIn, rows_out: done.rowsOut, bytes_in: done.bytesIn,
                    busy_us: done.busyMicroseconds, state_bytes: done.stateBytes,
                    watermark: done.watermark.map(JobDocument.text), lag_rows: done.lagRows,
                    lag_bytes: done.lagBytes, malformed_lines: done.malformedLines)
            }
            edges = plan.edges.map { Edge(from: $0.from, to: $0.to, rows: of($0.from).rowsOut) }
        }
    }

    var name: String
    var sql: String
    var owner: String?
    var labels: [String: String]
    var state: String
    var restarts: Int
    var failure: String?
    var rows_in: Int64
    var rows_out: Int64
    var late_rows: Int64
    var dead_rows: Int64
    var dead_letter_topic: String?
    var lag_rows: Int64
    var state_bytes: Int
    var watermark: String?
    var clock_ahead_us: Int64
    var checkpoints: Int
    var checkpoint: CheckpointPart?
    /// Of one job; a list of jobs goes without.
    var recent_checkpoints: [CheckpointPart]?
    var plan: PlanPart?
    var targets: [String]
    var savepoints: [String]
    var sinks: [SinkPart]

    /// - Parameter isWhole: with the plan and the recent checkpoints.
    init(_ info: JobInfo, isWhole: Bool) {
        name = info.name
        sql = info.text
        owner = info.owner
        labels = info.labels
        state = info.phase
        restarts = info.restarts
        failure = info.failure
        rows_in = info.progress.rowsIn
        rows_out = info.progress.rowsOut
        late_rows = info.progress.lateRows
        dead_rows = info.progress.deadRows
        dead_letter_topic = info.deadLetterTopic.isEmpty ? nil : info.deadLetterTopic
        lag_rows = info.progress.lagRows
        state_bytes = info.progress.stateBytes
        watermark = info.progress.watermark.map(Self.text)
        clock_ahead_us = info.progress.clockAheadMicroseconds
        checkpoints = info.checkpoints
        checkpoint = info.checkpoint.map(CheckpointPart.init)
        recent_checkpoints = isWhole ? info.recentCheckpoints.map(CheckpointPart.init) : nil
        plan = isWhole ? info.plan.map { PlanPart($0, info.progress.nodes) } : nil
        targets = info.targets
        savepoints = info.savepoints
        sinks = info.progress.sinks.map(SinkPart.init)
    }

    static func text(_ microseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(microseconds) / 1e6).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
