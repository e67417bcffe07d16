import Edge
import Foundation
import Upstream

/// `set rule NAME | PHASE or - | CONDITION or - | ACTION ARGUMENT | …`, compiled as the server does. The origins are called
/// as their actors are.
enum ScenarioRules {
    static func apply(_ steps: [Scenario.Step], _ ports: [String: UInt16], to settings: inout EdgeSettings) {
        let texts = steps.filter { $0.text.hasPrefix("rule ") }.map { String($0.text.dropFirst(5)) }
        guard !texts.isEmpty else { return }
        for name in ["origin2", "origin3"] {
            guard let port = ports[name] else { continue }
            settings.origins.append(
                EdgeOrigin(
                    name: name, endpoints: [OriginSettings(name: name, host: "127.0.0.1", port: port)],
                    hosts: ["\(name).test"]))
        }
        let (set, faults) = RuleSet.compile(
            texts.map(rule), origins: settings.origins.map(\.name), allowsESI: settings.esi.isEnabled)
        precondition(set != nil, "\(faults)")
        settings.rules.set = set
    }

    static func rule(_ text: String) -> RuleDeclaration {
        let parts = text.components(separatedBy: " | ")
        var rule = RuleDeclaration(name: parts[0])
        rule.phase = RulePhase(rawValue: parts[1])
        rule.when = parts[2] == "-" ? nil : parts[2]
        for part in parts.dropFirst(3) {
            let words = part.split(separator: " ", maxSplits: 1).map(String.init)
            if words[0] == "stop" { rule.stops = true } else { rule.actions.append((words[0], action(words))) }
        }
        return rule
    }

    private static func action(_ words: [String]) -> RuleDeclaration.Action {
        let rest = words.count > 1 ? words[1] : ""
        let pair = rest.split(separator: " ", maxSplits: 1).map(String.init)
        let value = pair.count > 1 ? pair[1] : ""
        switch words[0] {
        case "respond": return .respond(status: Int(pair[0]) ?? 0, headers: [("X-Rule", "${url.path}")], body: value)
        case "deny": return .respond(status: 403, headers: [], body: "")
        case "redirect": return .redirect(to: value, status: Int(pair[0]) ?? 0, keepsQuery: true)
        case "rewrite": return .rewrite(rest)
        case "set_header": return .setHeader(name: pair[0], value: value)
        case "add_header": return .addHeader(name: pair[0], value: value)
        case "drop_header": return .dropHeader(rest)
        case "strip_query": return .stripQuery(rest.split(separator: " ").map(String.init))
        case "sort_query": return .sortQuery
        case "cache_key": return .cacheKey(rest.components(separatedBy: " ; "), replacesURL: true)
        case "add_cache_key": return .cacheKey(rest.components(separatedBy: " ; "), replacesURL: false)
        case "ttl": return .timeToLive(Int64(rest).map { .seconds($0) } ?? .computed(rest))
        case "grace": return .grace(.seconds(Int64(rest) ?? 0))
        case "throttle": return .throttle(key: value, events: 1, milliseconds: 60_000, burst: Int(pair[0]) ?? 0)
        case "origin": return .origin(rest)
        case "canary": return .canary(by: rest, split: [("origin2", 0), ("origin3", 10_000)])
        case "tags": return .tags(rest.split(separator: " ").map(String.init))
        case "compress": return .compress(rest == "on")
        case "esi": return .esi(rest == "on")
        default: return .bypass
        }
    }
}
