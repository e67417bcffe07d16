// modules: Edge
import HTTPWire
import Reactor

@testable import Edge

/// Lines: a name, a query, what proxies and tickets say, and then one field of cookies each. What is found in a request's head
/// is what a reading of RFC 6265 and of the query by another way finds: for balancing, for affinity and for rules alike.
/// Nobody makes up a ticket or a binding, and what nobody believes a client is gone.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var lines = input.split(separator: 0x0A, maxSplits: 20, omittingEmptySubsequences: false).map { Array($0) }
    while lines.count < 4 { lines.append([]) }
    let name = lines[0]
    guard var head = head(query: lines[1], claims: lines[2], cookies: lines[3...]) else { return 0 }
    let cookie = cookie(name, in: head)
    let found = head.block.cookie(name)
    precondition(found == cookie, "the cookie is another: \(found.debugDescription)")
    if let cookie { checkBinding(cookie) }
    checkRules(name, &head, cookie)
    checkClaims(&head)
    return 0
}

/// As a client would send it; nil where it would be refused.
private func head(query: [UInt8], claims: [UInt8], cookies: ArraySlice<[UInt8]>) -> RequestHead? {
    var text = Array("GET /p?".utf8) + query + Array(" HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: ".utf8) + claims
    text += Array("\r\nX_Forwarded_Host: b\r\nSquilla-Debug: ".utf8) + claims + [0x0D, 0x0A]
    for line in cookies { text += Array("Cookie: ".utf8) + line + [0x0D, 0x0A] }
    text += [0x0D, 0x0A]
    var parser = RequestParser(limits: WireLimits(headBytes: 65_536, fieldCount: 100))
    var head = RequestHead()
    guard let step = try? parser.parse(text.span, into: &head), step.isComplete, step.consumed == text.count else {
        return nil
    }
    return head
}

private func cookie(_ name: [UInt8], in head: RequestHead) -> [UInt8]? {
    for field in head.block.fields where field.id == .cookie {
        for part in [UInt8](head.block.slice(field.value)).split(separator: 0x3B) {
            let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
            let pair = part.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
            let wanted = name + [0x3D]
            if Array(pair).starts(with: wanted) { return Array(Array(pair).dropFirst(wanted.count)) }
        }
    }
    return nil
}

private func parameter(_ name: [UInt8], in head: RequestHead) -> [UInt8]? {
    guard head.hasQuery else { return nil }
    for part in [UInt8](head.slice(head.query)).split(separator: 0x26, omittingEmptySubsequences: false) {
        let key = Array(part.prefix { $0 != 0x3D })
        if key == name || decoded(key) == name { return decoded(Array(part.dropFirst(key.count + 1))) }
    }
    return nil
}

private func decoded(_ text: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        if byte == 0x25, rest.count >= 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }), digits.utf8.count == 2,
            let number = UInt8(digits, radix: 16)
        {
            out.append(number)
            rest = rest.dropFirst(2)
        } else {
            out.append(byte == 0x2B ? 0x20 : byte)
        }
    }
    return out
}

/// What rules read, in an answer of theirs.
private func checkRules(_ name: [UInt8], _ head: inout RequestHead, _ cookie: [UInt8]?) {
    let text = String(decoding: name, as: UTF8.self)
    guard Array(text.utf8) == name else { return }
    let quoted = "'\(text.replacing("'", with: "''"))'"
    var rule = RuleDeclaration(name: "r")
    let body = "${COALESCE('=' || cookie(\(quoted)), '-')}\n${COALESCE('=' || parameter(\(quoted)), '-')}"
    rule.actions = [("respond", .respond(status: 200, headers: [], body: body))]
    guard let set = RuleSet.compile([rule], origins: [], allowsESI: false).set else { return }
    let runner = RuleRunner(
        set, settings: EdgeRuleSettings(), throttle: ThrottleTable(keys: 1), geography: nil)
    var response = ResponseHead()
    var decisions = RuleDecisions()
    let parameter = parameter(name, in: head)
    runner.run(.receive, RuleSubject(), head: &head, response: &response, &decisions)
    guard let answer = decisions.answer else { return precondition(runner.counts.failed == [1], "no answer") }
    precondition(answer.body == shown(cookie) + [0x0A] + shown(parameter), "rules see another: \(answer.body)")
}

private func shown(_ value: [UInt8]?) -> [UInt8] { value.map { [0x3D] + $0 } ?? [0x2D] }

private func checkBinding(_ cookie: [UInt8]) {
    let settings = AffinitySettings(secret: "a secret of this test alone")
    precondition(AffinityCookie.read(cookie, settings) == nil, "a binding is made up")
    let id = cookie.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
    let value = AffinityCookie.write(id, settings)
    precondition(AffinityCookie.read(value, settings) == id, "a binding comes back as another")
    var damaged = value
    damaged[Int(id % UInt64(value.count))] ^= 1
    precondition(AffinityCookie.read(damaged, settings) == nil, "a damaged binding is good")
}

private func checkClaims(_ head: inout RequestHead) {
    let network = SocketAddress(numeric: "192.0.2.0", port: 0)!
    _ = head.block.namedClient([AddressBlock(base: network, prefixLength: 24)])
    var settings = EdgeDebugSettings()
    settings.secret = "another secret of this test"
    let isTaken = DebugTicket.take(from: &head, settings, now: 1_700_000_000)
    precondition(!isTaken && head.block.string(named: "Squilla-Debug") == nil, "a ticket is made up, or stays")
    UntrustedFields().strip(&head, isTrusted: false)
    for field in head.block.fields {
        let name = head.block.string(field.name).lowercased().replacing("_", with: "-")
        precondition(!name.hasPrefix("x-forwarded-"), "\(name) is still there")
    }
}
