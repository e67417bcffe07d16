import Edge
import Runtime
import Upstream

extension ManagementService {
    /// `GET /api/v1/origins`: the origins, parents and peers with their endpoints as they stand.
    func serveOrigins(_ responder: Responder) { respond(responder, context.origins().map(OriginDocument.init)) }

    /// The endpoints' part of `/metrics`.
    func writeOrigins(to metrics: inout PrometheusText) {
        let all = context.origins().flatMap { origin in origin.currentReport.map { (origin.name, $0) } }
        func write(
            _ name: String, _ kind: PrometheusText.Kind, _ help: String,
            _ value: (OriginStanding.Report) -> any CustomStringConvertible
        ) {
            metrics.family(name, kind, help)
            for (origin, endpoint) in all {
                metrics.sample(name, [("origin", origin), ("endpoint", endpoint.endpoint)], "\(value(endpoint))")
            }
        }
        write("squilla_endpoint_available", .gauge, "1 where an endpoint may be asked.") {
            $0.state == .available ? 1 : 0
        }
        write("squilla_endpoint_active_requests", .gauge, "Requests under way.") { $0.active }
        write("squilla_endpoint_requests_total", .counter, "Attempts at an endpoint.") { $0.requests }
        write("squilla_endpoint_errors_total", .counter, "Answers of 5xx.") { $0.errors }
        write("squilla_endpoint_failures_total", .counter, "Attempts without an answer.") { $0.failures }
        write("squilla_endpoint_ejections_total", .counter, "Times it was taken out for its answers.") { $0.ejections }
        write("squilla_endpoint_checks_total", .counter, "Health checks.") { $0.checks }
        write("squilla_endpoint_check_failures_total", .counter, "Health checks that failed.") { $0.checkFailures }
        write("squilla_endpoint_first_byte_seconds", .gauge, "Until the first byte, moving average.") {
            Double($0.latencyNanoseconds) / 1e9
        }
    }
}

/// The members are the API's names.
private struct OriginDocument: Encodable {
    struct Endpoint: Encodable {
        var endpoint: String
        var state: String
        var reason: String?
        var weight: Int
        var priority: Int
        var zone: String
        var labels: [String: String]
        var active: Int
        var requests: Int
        var errors: Int
        var failures: Int
        var ejections: Int
        var checks: Int
        var check_failures: Int
        var first_byte_us: Int64
    }

    var name: String
    var endpoints: [Endpoint]

    init(_ standing: OriginStanding) {
        name = standing.name
        endpoints = standing.currentReport.map { report in
            Endpoint(
                endpoint: report.endpoint, state: report.state.rawValue, reason: report.reason,
                weight: report.placement.weight, priority: report.placement.priority, zone: report.placement.zone,
                labels: report.placement.labels, active: report.active, requests: report.requests,
                errors: report.errors, failures: report.failures, ejections: report.ejections, checks: report.checks,
                check_failures: report.checkFailures, first_byte_us: report.latencyNanoseconds / 1000)
        }
    }
}

extension OriginStanding {
    fileprivate var currentReport: [Report] { report(now: SystemClock().monotonicNanoseconds()) }
}
