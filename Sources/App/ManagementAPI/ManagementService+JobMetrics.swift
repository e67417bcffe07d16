import Streams

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
        write("squilla_job_rows_in_total", .counter, "Rows read.") { $0.progress.rowsIn }
        write("squilla_job_rows_out_total", .counter, "Rows answered.") { $0.progress.rowsOut }
        write("squilla_job_late_rows_total", .counter, "Rows that came after their window had closed.") {
            $0.progress.lateRows
        }
        write("squilla_job_dead_rows_total", .counter, "Rows that an expression failed on.") { $0.progress.deadRows }
        write("squilla_job_lag_rows", .gauge, "Events that were not read yet.") { $0.progress.lagRows }
        write("squilla_job_state_bytes", .gauge, "Memory of the state.") { Int64($0.progress.stateBytes) }
        writeSinks(of: all, to: &metrics)
        writeNodes(of: all, to: &metrics)
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

    /// What the steps of the jobs' plans do.
    private func writeNodes(of jobs: [JobInfo], to metrics: inout PrometheusText) {
        func write(
            _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (JobNodeProgress) -> Double?
        ) {
            metrics.family(name, kind, help)
            for job in jobs {
                guard let plan = job.plan, job.progress.nodes.count == plan.nodes.count else { continue }
                for (id, node) in plan.nodes.enumerated() {
                    guard let value = value(job.progress.nodes[id]) else { continue }
                    let labels = [
                        ("job", job.name), ("statement", "\(node.statement)"), ("node", "\(id)"),
                        ("kind", node.kind.rawValue), ("name", node.name),
                    ]
                    metrics.sample(name, labels, value)
                }
            }
        }
        write("squilla_job_node_rows_in_total", .counter, "Rows that came to a node of a plan in this run.") {
            Double($0.rowsIn)
        }
        write("squilla_job_node_rows_out_total", .counter, "Rows that left it.") { Double($0.rowsOut) }
        write("squilla_job_node_bytes_in_total", .counter, "Memory of what came to it.") { Double($0.bytesIn) }
        write("squilla_job_node_busy_seconds_total", .counter, "Time that it worked.") {
            Double($0.busyMicroseconds) / 1e6
        }
        write("squilla_job_node_state_bytes", .gauge, "Memory of its state.") { Double($0.stateBytes) }
        write("squilla_job_node_watermark_seconds", .gauge, "Its watermark, since 1970.") {
            $0.watermark.map { Double($0) / 1e6 }
        }
    }
}
