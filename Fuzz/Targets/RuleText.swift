// modules: Edge
import Edge
import Reactor
import Upstream

/// A line is a rule: a letter for its phase, one for its action, the action's text, a bar and the condition. Any text is rules
/// or faults with a place in it; rules that are taken are asked for a request, each of them once in its phase, without a crash,
/// and what they send has no line end in a field. Lines behind an empty one are what a client and an origin say: the path with
/// its query, cookies, two further fields, the answer's type and a field of its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    let rules = parts[0].split(separator: "\n").prefix(16).enumerated().map { rule($0.element, $0.offset) }
    guard !rules.isEmpty else { return 0 }
    let (set, faults) = RuleSet.compile(rules, origins: ["main", "next"], allowsESI: true)
    for fault in faults {
        precondition(rules.indices.contains(fault.rule) && !fault.message.isEmpty, "a fault of no rule")
        precondition((fault.line ?? 1) >= 1 && (fault.column ?? 1) >= 1, "no place: \(fault)")
    }
    precondition((set == nil) == faults.contains { !$0.isWarning }, "a fault and rules, or neither")
    guard let set else { return 0 }
    var settings = EdgeSettings()
    settings.origins = ["main", "next"].map {
        EdgeOrigin(name: $0, endpoints: [OriginSettings(name: $0, host: "127.0.0.1", port: 9)])
    }
    settings.rules.set = set
    settings.rules.maximumMatchSteps = 10_000
    settings.cache.memoryBytes = 1 << 20
    let said = parts.dropFirst().first.map(Said.init) ?? Said()
    let question = said.question
    var explainer = RequestExplainer(question, settings: settings, cache: nil, now: 1_700_000_000_000_000)
    do throws(RequestQuestion.Fault) {
        let explanation = try explainer.explain()
        precondition(explanation.rules.count == rules.count, "a rule is told of twice, or not at all")
        for header in explanation.answer?.headers ?? [] {
            precondition(!header.utf8.contains { $0 < 0x20 && $0 != 0x09 }, "a line end in a field")
        }
    } catch {
        precondition(said.isHostile, "\(error.message)")
    }
    return 0
}

/// A request, and the origin's answer to it.
private struct Said {
    var target = "/p.css?a=1&b=%41&c"
    var cookie = "s=1; t=2"
    var values = ["1", "2"]
    var type = "text/html; charset=utf-8"
    var field = "b"
    var isHostile = false

    init() {}

    init(_ text: Substring) {
        // A line end within a line would be two lines.
        var lines = text.split(separator: "\n", maxSplits: 8, omittingEmptySubsequences: false).map {
            String($0.filter { !$0.isNewline })
        }
        while lines.count < 6 { lines.append("") }
        isHostile = true
        target = "/" + lines[0]
        cookie = lines[1]
        values = [lines[2], lines[3]]
        type = lines[4]
        field = lines[5]
    }

    var question: RequestQuestion {
        var question = RequestQuestion(url: "http://a.test\(target)", client: .ipv4(192, 0, 2, 7, port: 1))
        question.headers = [("Cookie", cookie), ("X-A", values[0]), ("X-A", values[1]), ("Accept-Encoding", "gzip")]
        question.answer = (200, [("Content-Type", type), ("Cache-Control", "max-age=60"), ("X-B", field)])
        return question
    }
}

private func rule(_ line: Substring, _ number: Int) -> RuleDeclaration {
    let letters = Array(line.utf8.prefix(2))
    let rest = line.dropFirst(2).split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let argument = rest.first ?? ""
    var rule = RuleDeclaration(name: "r\(number)")
    if rest.count > 1 { rule.when = rest[1] }
    let phase = Int(letters.first ?? 0) % 6
    if phase < 5 { rule.phase = RulePhase.allCases[phase] }
    rule.stops = (letters.first ?? 0) & 0x20 == 0
    let actions: [RuleDeclaration.Action] = [
        .respond(status: 200, headers: [("X-C", argument)], body: argument),
        .redirect(to: argument, status: 302, keepsQuery: true), .rewrite(argument),
        .setHeader(name: "X-D", value: argument),
        .addHeader(name: argument, value: "1"), .dropHeader(argument), .stripQuery([argument]), .sortQuery,
        .cacheKey([argument], replacesURL: false), .cacheKey([argument], replacesURL: true),
        .timeToLive(.computed(argument)),
        .grace(.seconds(7)), .bypass, .throttle(key: argument, events: 1, milliseconds: 1000, burst: 2),
        .origin("next"),
        .canary(by: argument, split: [("main", 5000), ("next", 5000)]), .tags([argument]), .compress(false), .esi(true),
    ]
    rule.actions = [("action", actions[Int(letters.count > 1 ? letters[1] : 0) % actions.count])]
    return rule
}
