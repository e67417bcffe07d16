import HTTPWire
import SQL
import Upstream

extension RuleCompiler {
    // MARK: Binding

    mutating func bind(_ action: RuleDeclaration.Action, _ key: String, _ rule: inout BoundRule) {
        switch action {
        case .respond(let status, let headers, let body):
            if !(200...599).contains(status) {
                report(rule.number, key, "an answer's status is from 200 to 599, and this is \(status)")
            }
            if RuleDeclaration.bodiless.contains(status), !body.isEmpty {
                report(
                    rule.number, key,
                    "an answer with \(status) has no body (RFC 9110); leave the body out, or take another status")
            }
            for (name, value) in headers {
                check(header: name, key, rule, isResponse: true)
                template(value, key, &rule)
            }
            template(body, key, &rule)
        case .redirect(let target, let status, _):
            if ![301, 302, 303, 307, 308].contains(status) {
                report(rule.number, key, "a redirect's status is 301, 302, 303, 307 or 308, and this is \(status)")
            }
            check(target: target, key, rule)
            template(target, key, &rule)
        case .rewrite(let target):
            check(path: target, key, rule)
            template(target, key, &rule)
        case .setHeader(let name, let value), .addHeader(let name, let value):
            check(header: name, key, rule, isResponse: rule.phase.knowsResponse)
            template(value, key, &rule)
        case .dropHeader("*"): break
        case .dropHeader(let pattern):
            let name = pattern.hasSuffix("*") ? String(pattern.dropLast()) : pattern
            check(header: name, key, rule, isResponse: rule.phase.knowsResponse)
        case .cacheKey(let parts, _):
            if parts.isEmpty {
                report(rule.number, key, "a cache key needs a value: without one all URLs would share one response")
            }
            for part in parts { value(part, .varchar, key, &rule) }
        case .timeToLive(let amount), .grace(let amount):
            check(amount, key, &rule)
        case .throttle(let by, let events, let milliseconds, let burst):
            if events < 1 || milliseconds < 1 || burst < 1 {
                report(rule.number, key, "a throttle lets at least one through, such as rate: 10/s")
            }
            if let by { value(by, .varchar, key, &rule) }
        case .origin(let name):
            check(origin: name, key, rule)
            // For conditions of the URL see `settleOrigins`.
            if !isOfURL(rule.condition) { checkIsKeyed(key, rule) }
        case .canary(let by, let split):
            bind(split, key, rule)
            checkIsKeyed(key, rule)
            if let by { value(by, .varchar, key, &rule) }
        case .tags(let tags): for tag in tags { template(tag, key, &rule) }
        case .esi(true) where !allowsESI:
            report(rule.number, key, "esi: true needs the assembly of pages: set esi.enabled: true")
        case .stripQuery(let patterns): check(parameters: patterns, key, rule)
        case .sortQuery, .bypass, .compress, .esi: break
        }
    }

    private mutating func bind(_ split: [(origin: String, share: Int)], _ key: String, _ rule: BoundRule) {
        for (name, _) in split { check(origin: name, key, rule) }
        let sum = split.reduce(0) { $0 + $1.share }
        if sum != 10_000 {
            report(rule.number, key, "the shares of a canary add up to 100 percent, and these to \(Double(sum) / 100)")
        }
    }

    private mutating func check(header name: String, _ key: String, _ rule: BoundRule, isResponse: Bool) {
        let bytes = Array(name.utf8)
        // The star is a token's octet too, but no field in use has one, and who writes it means a pattern.
        let isToken = bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}*".utf8.contains($0) }
        guard isToken, (1...256).contains(bytes.count) else {
            return report(
                rule.number, key,
                "\"\(name)\" is no name of a header field"
                    + (name.contains("*") ? "; a * stands only at the end of a name in drop_headers" : ""))
        }
        let id = KnownHeader(name: bytes.span)
        if RuleHeader.isOfEdge(id, isResponse: isResponse) {
            report(
                rule.number, key,
                "\(id.name) is the edge's own"
                    + (id == .host ? "; host_header of an origin says what it is sent" : ""))
        }
    }

    // MARK: Compiling

    /// The programs of a rule, once everything is bound; nil where one can't be made, which is reported.
    mutating func compile(_ rule: BoundRule) -> [RuleAction]? {
        var actions: [RuleAction] = []
        for (index, (key, action)) in rule.declaration.actions.enumerated() {
            do throws(SQLError) {
                var values: [RowProgram] = []
                for value in rule.values[index] { values.append(try RowProgram(value: value, binder)) }
                var templates: [RuleTemplate] = []
                for parts in rule.templates[index] { templates.append(try template(parts)) }
                actions.append(compile(action, rule, values, templates))
            } catch {
                report(rule.number, key, error)
                return nil
            }
        }
        return actions
    }

    private func template(_ parts: [TemplatePart]) throws(SQLError) -> RuleTemplate {
        var compiled: [RuleTemplate.Part] = []
        for part in parts {
            switch part {
            case .text(let text): compiled.append(.text(Array(text.utf8)))
            case .value(let value): compiled.append(.value(try RowProgram(value: value, binder)))
            }
        }
        return RuleTemplate(parts: compiled)
    }

    private func compile(
        _ action: RuleDeclaration.Action, _ rule: BoundRule, _ values: [RowProgram], _ templates: [RuleTemplate]
    ) -> RuleAction {
        let name = rule.declaration.name
        switch action {
        case .respond(let status, let headers, _):
            let fields = zip(headers, templates).map { (RuleHeader($0.name), $1) }
            return .respond(status: status, headers: fields, body: templates[templates.count - 1])
        case .redirect(_, let status, let keepsQuery):
            return .redirect(templates[0], status: status, keepsQuery: keepsQuery)
        case .rewrite: return .rewrite(templates[0])
        case .setHeader(let name, _): return .setHeader(RuleHeader(name), templates[0])
        case .addHeader(let name, _): return .addHeader(RuleHeader(name), templates[0])
        case .dropHeader(let name): return .dropHeader(RuleHeader(name))
        case .stripQuery(let names): return .stripQuery(RuleQuery(names))
        case .sortQuery: return .sortQuery
        case .cacheKey(_, let replaces): return .cacheKey(values, replacesURL: replaces)
        case .timeToLive(let amount): return .timeToLive(compile(amount, values))
        case .grace(let amount): return .grace(compile(amount, values))
        case .bypass: return .bypass
        case .throttle(_, let events, let milliseconds, let burst):
            let rate = ThrottleRate(events: events, milliseconds: milliseconds, burst: burst)
            return .throttle(
                RuleThrottle(
                    salt: StableHash.hash("throttle " + name), key: values.first, rate: rate,
                    name: RuleThrottle.quoted(name)))
        case .origin(let name): return .origin(name, isInKey: !isToldByURL(rule))
        case .canary(_, let split):
            var bounds: [(origin: String, upTo: Int)] = []
            var sum = 0
            for (origin, share) in split {
                sum += share
                bounds.append((origin, sum))
            }
            return .canary(RuleCanary(salt: Array("canary \(name)".utf8), by: values.first, bounds: bounds))
        case .tags: return .tags(templates)
        case .compress(let isOn): return .compress(isOn)
        case .esi(let isOn): return .esi(isOn)
        }
    }

    private func compile(_ amount: RuleDeclaration.Amount, _ values: [RowProgram]) -> RuleAmount {
        switch amount {
        case .seconds(let seconds): .seconds(seconds)
        case .computed: .computed(values[0])
        }
    }
}
