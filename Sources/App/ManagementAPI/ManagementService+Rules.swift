import Edge

extension ManagementService {
    /// `GET /api/v1/rules`: the edge's rules in their order, and how often each fired.
    func serveRules(_ responder: Responder) { respond(responder, context.rules().map(RuleDocument.init)) }

    /// The rules' part of `/metrics`.
    func writeRules(to metrics: inout PrometheusText) {
        let rules = context.rules()
        guard !rules.isEmpty else { return }
        metrics.family("squilla_rule_fired_total", .counter, "Times that a rule fired.")
        for rule in rules { metrics.sample("squilla_rule_fired_total", labels(rule), "\(rule.fired)") }
        metrics.family(
            "squilla_rule_failed_total", .counter, "Times that something of a rule could not be computed.")
        for rule in rules { metrics.sample("squilla_rule_failed_total", labels(rule), "\(rule.failed)") }
    }

    private func labels(_ rule: RuleReport) -> [(String, String)] {
        [("rule", rule.name), ("phase", rule.phase.rawValue)]
    }
}

/// The members are the API's names.
private struct RuleDocument: Encodable {
    var name: String
    var phase: String
    var fired: Int64
    var failed: Int64

    init(_ report: RuleReport) {
        name = report.name
        phase = report.phase.rawValue
        fired = report.fired
        failed = report.failed
    }
}
