import Columns
import Edge
import SQL
import Settings
import Streams

extension Settings {
    /// The rules in the edge's terms.
    /// - Parameter queries: whose views rules may ask; nil where none runs.
    /// - Throws: what is wrong with them, each with its place.
    func edgeRules(queries: QueryService? = nil) throws(SettingsError) -> (EdgeRuleSettings, [SettingsDiagnostic]) {
        var edge = EdgeRuleSettings()
        edge.throttleKeys = ruleLimits.throttleKeys
        edge.maximumMatchSteps = ruleLimits.maxMatchSteps
        guard !rules.isEmpty else { return (edge, []) }
        let (set, faults) = RuleSet.compile(
            rules.map(\.declaration), origins: origins.map(\.name), allowsESI: esi.isEnabled)
        let found = faults.map { fault in
            let rule = rules[min(fault.rule, rules.count - 1)]
            let place = rule.place(of: fault.key, line: fault.line, column: fault.column)
            return SettingsDiagnostic(
                line: place.line, column: place.column,
                path: "rules \"\(rule.name)\"\(fault.key.isEmpty ? "" : ".")\(fault.key)",
                message: (fault.isWarning ? "warning: " : "") + fault.message)
        }
        guard let set else {
            throw SettingsError(diagnostics: zip(found, faults).filter { !$1.isWarning }.map(\.0))
        }
        edge.set = set
        if let queries {
            edge.tables = RuleTables { ViewTable(queries.materializedView($0).reader()) }
        }
        return (edge, found)
    }
}

/// A materialised view as rules ask it. Confined to a loop.
private final class ViewTable: RowTable {
    private var reader: ViewHandle.Reader

    init(_ reader: ViewHandle.Reader) { self.reader = reader }

    func contains(text: Span<UInt8>) -> Bool? { reader.snapshot().map { $0.contains(text) } }
    func contains(integer: Int64) -> Bool? { reader.snapshot().map { $0.contains(integer) } }
    func contains(address: IPAddress) -> Bool? { reader.snapshot().map { $0.contains(address) } }
}

extension RuleSection {
    fileprivate var declaration: RuleDeclaration {
        var rule = RuleDeclaration(name: name)
        rule.when = when
        rule.phase = phase.flatMap { RulePhase(rawValue: $0.rawValue) }
        rule.stops = stops
        for action in actions { rule.actions += action.declarations }
        return rule
    }
}

extension RuleSection.KeyedAction {
    fileprivate var declarations: [(key: String, action: RuleDeclaration.Action)] {
        switch action {
        case .setHeaders(let headers):
            headers.map { ("\(key).\($0.name)", .setHeader(name: $0.name, value: $0.value)) }
        case .addHeaders(let headers):
            headers.map { ("\(key).\($0.name)", .addHeader(name: $0.name, value: $0.value)) }
        case .dropHeaders(let names): names.map { (key, .dropHeader($0)) }
        default: [(key, single)]
        }
    }

    private var single: RuleDeclaration.Action {
        switch action {
        case .deny(let status): .respond(status: status, headers: [], body: "")
        case .respond(let answer):
            .respond(
                status: answer.status, headers: answer.headers.map { ($0.name, $0.value) }, body: answer.body)
        case .redirect(let redirect):
            .redirect(to: redirect.to, status: redirect.status, keepsQuery: redirect.keepsQuery)
        case .rewrite(let target): .rewrite(target)
        case .stripQuery(let names): .stripQuery(names)
        case .sortQuery: .sortQuery
        case .cacheKey(let parts): .cacheKey(parts, replacesURL: true)
        case .addCacheKey(let parts): .cacheKey(parts, replacesURL: false)
        case .timeToLive(let amount): .timeToLive(amount.declaration)
        case .grace(let amount): .grace(amount.declaration)
        case .throttle(let throttle):
            .throttle(
                key: throttle.key, events: throttle.events, milliseconds: throttle.milliseconds, burst: throttle.burst)
        case .origin(let name): .origin(name)
        case .canary(let canary): .canary(by: canary.by, split: canary.split.map { ($0.origin, $0.hundredths) })
        case .tags(let tags): .tags(tags)
        case .compress(let isOn): .compress(isOn)
        case .esi(let isOn): .esi(isOn)
        case .bypass, .setHeaders, .addHeaders, .dropHeaders: .bypass
        }
    }
}

extension RuleSection.Amount {
    fileprivate var declaration: RuleDeclaration.Amount {
        switch self {
        case .milliseconds(let milliseconds): .seconds(Int64((milliseconds + 999) / 1000))
        case .computed(let text): .computed(text)
        }
    }
}
