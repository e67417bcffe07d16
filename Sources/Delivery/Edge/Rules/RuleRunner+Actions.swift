import Bytes
import HTTPCache
import HTTPWire
import SQL
import Upstream

/// A change of a message, with its texts made.
enum RuleEdit {
    case none
    case rewrite([UInt8])
    case strip(RuleQuery)
    case sort
    case header(RuleHeader, value: [UInt8], replaces: Bool)
    case drop(RuleHeader)
    case redirect([UInt8], status: Int, keepsQuery: Bool)
}

extension RuleRunner {
    /// Computes what an action needs of the values, and decides what changes no message.
    func prepare(
        _ action: RuleAction, _ subject: RuleSubject, _ decisions: inout RuleDecisions
    ) throws(SQLError) -> RuleEdit {
        switch action {
        case .respond(let status, let headers, let body):
            decisions.answer = try answer(status, headers, body)
        case .redirect(let template, let status, let keepsQuery):
            let target = try RuleRunner.location(try text(template))
            return .redirect(target, status: status, keepsQuery: keepsQuery)
        case .rewrite(let template): return .rewrite(RuleRunner.encoded(try text(template)))
        case .setHeader(let name, let template):
            return .header(name, value: RuleRunner.fieldValue(try text(template)), replaces: true)
        case .addHeader(let name, let template):
            return .header(name, value: RuleRunner.fieldValue(try text(template)), replaces: false)
        case .dropHeader(let name): return .drop(name)
        case .stripQuery(let query): return .strip(query)
        case .sortQuery: return .sort
        case .cacheKey(let parts, let replaces): try addKey(parts, replaces, &decisions)
        case .timeToLive(let amount): decisions.cache.lifetimeSeconds = try seconds(amount)
        case .grace(let amount): decisions.cache.graceSeconds = try seconds(amount)
        case .bypass:
            decisions.isBypassed = true
            decisions.cache.isRefused = true
        case .throttle(let rule): if decisions.trace?.isRehearsal != true { try limit(rule, subject, &decisions) }
        case .origin(let name, let isInKey): choose(name, isInKey: isInKey, &decisions)
        case .canary(let canary): choose(try share(canary, subject), isInKey: true, &decisions)
        case .tags(let tags):
            for tag in tags { add(tag: RuleRunner.fieldValue(try text(tag)), &decisions) }
        case .compress(let isOn): decisions.compress = isOn
        case .esi(let isOn): decisions.esi = isOn
        }
        return .none
    }

    /// - Returns: whether a message has changed, so that what was read of it is old.
    func apply(
        _ edit: RuleEdit, _ phase: RulePhase, _ head: inout RequestHead, _ response: inout ResponseHead,
        _ decisions: inout RuleDecisions
    ) -> Bool {
        switch edit {
        case .none: return false
        case .redirect(var target, let status, let keepsQuery):
            if keepsQuery, head.hasQuery { RuleRunner.add([UInt8](head.slice(head.query)), to: &target) }
            decisions.answer = RuleRunner.redirect(RuleRunner.fieldValue(target), status)
            return false
        case .rewrite(let target):
            keepAsked(head, &decisions)
            head.retarget(target.span)
        case .strip(let query):
            keepAsked(head, &decisions)
            query.strip(&head)
        case .sort:
            keepAsked(head, &decisions)
            RuleQuery.sort(&head)
        case .header(let name, let value, let replaces):
            if phase.knowsResponse {
                if replaces { response.block.remove(named: name.name.span) }
                response.block.append(name.name.span, value.span)
            } else {
                if replaces { name.remove(fromRequest: &head.block) }
                head.block.append(name.name.span, value.span)
            }
        case .drop(let name):
            if phase.knowsResponse {
                name.remove(fromResponse: &response.block)
            } else {
                name.remove(fromRequest: &head.block)
            }
        }
        return true
    }

    private func keepAsked(_ head: RequestHead, _ decisions: inout RuleDecisions) {
        if decisions.asked == nil { decisions.asked = (head.path, head.query, head.hasQuery) }
    }

    private func text(_ template: RuleTemplate) throws(SQLError) -> [UInt8] {
        if let constant = template.constant { return constant }
        var out: [UInt8] = []
        try template.append(to: &out, &values)
        return out
    }

    private func seconds(_ amount: RuleAmount) throws(SQLError) -> Int64? {
        switch amount {
        case .seconds(let seconds): return seconds
        case .computed(let program): return try program.integer(&values).map { min(max(0, $0), 1 << 31) }
        }
    }

    /// Without what could begin another line, and no longer than a field may be.
    static func fieldValue(_ text: [UInt8]) -> [UInt8] {
        var value = text.prefix(32_768).map { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F ? 0x20 : $0 }
        while value.last == 0x20 || value.last == 0x09 { value.removeLast() }
        return Array(value.drop { $0 == 0x20 || $0 == 0x09 })
    }

    /// What can't be purged by all of its tags is not stored.
    private func add(tag: [UInt8], _ decisions: inout RuleDecisions) {
        guard decisions.tags.count + tag.count < RuleDecisions.maximumTagBytes else {
            decisions.cache.isRefused = true
            return
        }
        decisions.tags.append(0x20)
        decisions.tags.append(contentsOf: tag)
    }

    // MARK: Answers

    private func answer(
        _ status: Int, _ headers: [(RuleHeader, RuleTemplate)], _ body: RuleTemplate
    ) throws(SQLError) -> RuleDecisions.Answer {
        var answer = RuleDecisions.Answer(status: status)
        var writer = HeadWriter(capacity: 256)
        let isBodiless = RuleDeclaration.bodiless.contains(status)
        var hasType = false
        var hasLifetime = false
        for (name, template) in headers where !isBodiless || name.id != .contentType {
            let value = RuleRunner.fieldValue(try text(template))
            writer.field(name.name.span, value.span)
            if name.id == .contentType { hasType = true }
            if name.id == .cacheControl { hasLifetime = true }
        }
        answer.body = try text(body)
        if answer.body.isEmpty, body.constant != nil, status >= 400 {
            answer.body = Array("\(status) \(StatusLines.reason(status))\n".utf8)
        }
        if !hasType, !answer.body.isEmpty { writer.field("Content-Type", "text/plain; charset=utf-8") }
        if !hasLifetime { writer.field("Cache-Control", "no-store") }
        answer.lines = writer.bytes
        return answer
    }

    private static func redirect(_ target: [UInt8], _ status: Int) -> RuleDecisions.Answer {
        var writer = HeadWriter(capacity: 256)
        writer.field("Location", target.span)
        writer.field("Cache-Control", "no-store")
        return .init(status: status, lines: writer.bytes)
    }

    // MARK: Keys and choices

    private func addKey(
        _ parts: [RowProgram], _ replaces: Bool, _ decisions: inout RuleDecisions
    ) throws(SQLError) {
        var made: [UInt8] = []
        var part: [UInt8] = []
        for program in parts {
            part.removeAll(keepingCapacity: true)
            let isThere = try program.text(&values, into: &part)
            if isThere {
                CacheKey.append(part: part.span, to: &made)
            } else {
                CacheKey.append(part: nil, to: &made)
            }
        }
        // What was added before, and the origin that was chosen, still tell answers apart.
        if replaces { decisions.keyBase = made } else { decisions.keyParts.append(contentsOf: made) }
    }

    private func choose(_ origin: String, isInKey: Bool, _ decisions: inout RuleDecisions) {
        decisions.origin = origin
        guard isInKey else { return }
        let name = Array(origin.utf8)
        var part: [UInt8] = []
        CacheKey.append(part: name.span, to: &part)
        // Unlike any part that a value makes, of which a client may say what it is.
        part[1] = RuleRunner.originMark
        decisions.keyParts.append(contentsOf: part)
    }

    /// What a chosen origin's part of a key begins with, behind the line end.
    private static let originMark: UInt8 = 0x40

    /// The same key always goes the same way, on every edge.
    private func share(_ canary: RuleCanary, _ subject: RuleSubject) throws(SQLError) -> String {
        var hash = StableHash()
        hash.combine(canary.salt.span)
        try combine(canary.by, subject, &hash)
        let point = Int(hash.value % 10_000)
        return canary.bounds.first { point < $0.upTo }?.origin ?? canary.bounds[canary.bounds.count - 1].origin
    }

    private func combine(
        _ program: RowProgram?, _ subject: RuleSubject, _ hash: inout StableHash
    ) throws(SQLError) {
        var key: [UInt8] = []
        if let program, try program.text(&values, into: &key) { return hash.combine(key.span) }
        for shift in stride(from: 0, to: 64, by: 8) {
            hash.combine(UInt8(truncatingIfNeeded: subject.clientHigh >> UInt64(shift)))
            hash.combine(UInt8(truncatingIfNeeded: subject.clientLow >> UInt64(shift)))
        }
    }

    private func limit(
        _ rule: RuleThrottle, _ subject: RuleSubject, _ decisions: inout RuleDecisions
    ) throws(SQLError) {
        var hash = StableHash()
        try combine(rule.key, subject, &hash)
        let key = ByteHash.mix(hash.value ^ rule.salt, seed: ByteHash.processSeed)
        let answer = throttle.take(key, rule.rate, now: subject.now)
        let seconds = (answer.wait + 999_999_999) / 1_000_000_000
        var writer = HeadWriter(capacity: 128)
        let window = max(1, rule.rate.interval * rule.rate.burst / 1_000_000_000)
        writer.field("RateLimit-Policy", text: "\(rule.name);q=\(rule.rate.burst);w=\(window)")
        writer.field("RateLimit", text: "\(rule.name);r=\(answer.remaining);t=\(seconds)")
        decisions.limits += writer.bytes
        guard !answer.isAllowed else { return }
        writer.removeAll()
        writer.field("Content-Type", "text/plain; charset=utf-8")
        writer.field("Cache-Control", "no-store")
        writer.field("Retry-After", Int(max(1, seconds)))
        decisions.answer = .init(
            status: 429, lines: writer.bytes, body: Array("429 \(StatusLines.reason(429))\n".utf8))
    }
}
