import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Where the rules come into a request's life.
extension Exchange {
    /// The facts about the request besides its head.
    func ruleSubject() -> RuleSubject {
        var subject = RuleSubject()
        subject.isSecure = isSecure
        subject.clientHigh = row.clientHigh
        subject.clientLow = row.clientLow
        subject.clientPort = row.clientPort
        subject.tls = connection?.tcp.tlsFacts
        subject.isFragment = parentName != nil
        subject.now = worker.loop.now
        subject.wallMicroseconds = worker.loop.wallMicroseconds
        return subject
    }

    /// Phases receive and miss.
    /// - Returns: whether the request goes on; if not, the rules have answered it.
    func asksRules(_ phase: RulePhase) -> Bool {
        guard let rules = worker.rules, rules.set.has(phase) else { return true }
        var response = ResponseHead()
        rules.run(phase, ruleSubject(), head: &head, response: &response, &decisions)
        guard let answer = decisions.answer else { return true }
        decisions.answer = nil
        send(answer)
        return false
    }

    /// Phase miss, once for each request however often it goes to an origin.
    func asksMissRules() -> Bool {
        guard let rules = worker.rules, rules.set.has(.miss), !decisions.hasMissed else { return true }
        decisions.hasMissed = true
        lookedUpHead = head
        return asksRules(.miss)
    }

    /// Phase miss for a fetch beside an answer that is served already: what the rules change is the fetch's alone, and where
    /// they would answer there is no fetch.
    func missAside(_ fetch: (RouteTable.Route) -> Void) {
        let kept = (head, decisions, lookedUpHead)
        if let rules = worker.rules, rules.set.has(.miss), !decisions.hasMissed {
            lookedUpHead = head
            var response = ResponseHead()
            rules.run(.miss, ruleSubject(), head: &head, response: &response, &decisions)
        }
        if decisions.answer == nil, let route { fetch(route) }
        (head, decisions, lookedUpHead) = kept
    }

    func send(_ answer: RuleDecisions.Answer) {
        guard !hasResponded else { return tear() }
        if answer.status == 429 { note(error: "throttled", "more requests than a rule lets through", .client) }
        // Nobody waits for the request's body any more; the client has to take the answer in time.
        if !isRequestComplete { connection?.watchWriting() }
        // A 304 has no body, so what it says of one would be made up (RFC 9110 §8.6).
        let length = answer.status == 304 ? nil : UInt64(answer.body.count)
        startResponse(status: answer.status, length: length) { writer in
            writer.bytes.append(contentsOf: answer.lines)
            worker.writeDate(&writer)
        }
        mimeType.append(contentsOf: "text/plain".utf8)
        sendBody(answer.body.span)
        finishResponse()
    }

    /// Which origin serves the request.
    var route: RouteTable.Route? {
        if let name = decisions.origin, let route = worker.route(named: name) { return route }
        return lendHead { worker.route(host: $0.slice($0.host)) }
    }

    /// The key with what the rules add to it.
    func setKey(_ head: borrowing RequestHead) {
        // The decisions are large, and what is called on them copies them.
        guard !decisions.changesKey else { return decisions.set(&key, head, isHTTPS: isSecure, worker.cache) }
        key.set(head, isHTTPS: isSecure)
        worker.cache?.unify(&key)
    }

    /// Phase fetch, for an answer that is not the cache's.
    func ruled(_ response: ResponseHead) -> ResponseHead {
        guard let rules = worker.rules, rules.set.has(.fetch) else { return response }
        var response = response
        var subject = ruleSubject()
        subject.originName = originName
        rules.run(.fetch, subject, head: &head, response: &response, &decisions)
        return response
    }

    /// Phase deliver: the head that was just written, without the empty line, is taken up again.
    func deliver(_ writer: inout HeadWriter, from start: Int, status: Int) {
        if !decisions.limits.isEmpty { writer.bytes.append(contentsOf: decisions.limits) }
        deliverByRules(&writer, from: start, status: status)
        if decisions.trace != nil { writeDebug(&writer) }
    }

    private func deliverByRules(_ writer: inout HeadWriter, from start: Int, status: Int) {
        guard let rules = worker.rules, rules.set.has(.deliver), connection?.isService != true else { return }
        guard let line = writer.bytes[start...].firstIndex(of: 0x0A) else { return }
        let lines = Array(writer.bytes[(line + 1)...])
        var response = ResponseHead()
        response.status = status
        response.block = HeaderBlock(fieldLines: lines.span)
        var subject = ruleSubject()
        subject.cacheStatus = row.cacheStatus
        subject.cacheAge = Int64(row.ageSeconds)
        subject.originName = originName
        subject.errorCode = error?.code ?? ""
        guard rules.run(.deliver, subject, head: &head, response: &response, &decisions) else { return }
        writer.bytes.removeSubrange((line + 1)...)
        for field in response.block.fields {
            writer.field(response.block.slice(field.name), response.block.slice(field.value))
        }
    }

    /// Phase error: what the client gets instead of the edge's own page, where a rule fires.
    func ruledError(_ status: Int) -> RuleDecisions.Answer? {
        guard let rules = worker.rules, rules.set.has(.error), connection?.isService != true else { return nil }
        var response = ResponseHead(pageOf: status)
        let page = response.block
        var subject = ruleSubject()
        subject.originName = originName
        subject.cacheStatus = row.cacheStatus
        subject.errorCode = error?.code ?? ""
        guard rules.run(.error, subject, head: &head, response: &response, &decisions) else { return nil }
        guard var answer = decisions.answer else {
            return RuleDecisions.Answer(status: status, lines: response.block.lines, body: errorPage(status))
        }
        decisions.answer = nil
        answer.replace(page, ruled: response.block)
        return answer
    }

    func resetRules() {
        if decisions.hasMissed { lookedUpHead = nil }
        if !decisions.fired.isEmpty || decisions.hasMissed || decisions.trace != nil { decisions = RuleDecisions() }
    }

    /// Names of the rules that fired, with commas between.
    func describeRules(into block: EventBlock) {
        guard !decisions.fired.isEmpty else { return }
        var names: [UInt8] = []
        for name in decisions.fired {
            if !names.isEmpty { names.append(0x2C) }
            names.append(contentsOf: name.utf8)
        }
        row.rules = block.keep(names.span)
    }
}

extension ResponseHead {
    /// The head of the edge's own page, as rules of phase error find it.
    init(pageOf status: Int) {
        self.init()
        self.status = status
        var writer = HeadWriter(capacity: 256)
        Exchange.writePageFields(&writer, status)
        block = HeaderBlock(fieldLines: writer.bytes.span)
    }
}

extension RuleDecisions.Answer {
    /// Takes the place of the edge's own page. What the answer says itself outweighs, by name, what rules made of the
    /// page's fields; where it says no more than the page did, theirs counts. What else the page says stays: a 405 names
    /// the methods (RFC 9110, 15.5.6).
    mutating func replace(_ page: HeaderBlock, ruled: HeaderBlock) {
        let own = HeaderBlock(fieldLines: lines.span)
        let said = own.fields.filter { !page.has($0, of: own) }
        var block = ruled
        if body.isEmpty { block.remove(.contentType) }
        for field in said where field.id != .setCookie { block.remove(named: own.slice(field.name)) }
        for field in said { block.append(own.slice(field.name), own.slice(field.value)) }
        lines = block.lines
    }
}

extension HeaderBlock {
    /// All fields as they are written.
    fileprivate var lines: [UInt8] {
        var writer = HeadWriter(capacity: 256)
        for field in fields { writer.field(slice(field.name), slice(field.value)) }
        return writer.bytes
    }

    /// Has the very field of another block, value and all.
    fileprivate func has(_ field: Field, of other: HeaderBlock) -> Bool {
        contains(name: other.slice(field.name)) { slice($0.value).isEqual(to: other.slice(field.value)) }
    }
}
