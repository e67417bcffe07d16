// modules: HTTPCache,HTTPWire
import Codings
import HTTPWire

@testable import HTTPCache

/// Lines: Accept-Encoding, Accept-Language, Vary, a further field's value, what an origin says of dates and tags. What is
/// chosen is among what there is and what the client takes; a response varies by what its own request said, in any letter
/// case; lists are read within bounds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    while lines.count < 5 { lines.append([]) }
    let request = fields([("Accept-Encoding", lines[0]), ("Accept-Language", lines[1]), ("X-A", lines[3])])
    checkEncodings(request)
    let languages = ["en", "de", "pt-BR", "zh-Hant"].map { Array($0.lowercased().utf8) }
    if let index = AcceptLanguage.choose(request, among: languages) { precondition(languages.indices.contains(index)) }
    _ = AcceptLanguage.favourite(request)

    let upper = fields([
        ("accept-encoding", raised(lines[0])), ("ACCEPT-LANGUAGE", raised(lines[1])), ("x-a", lines[3]),
    ])
    let vary = VaryList(fields([("Vary", lines[2] + Array(", accept-encoding, accept-language, x-a".utf8))]))
    let usual = VaryRules(languages: ["en", "de"])
    for rules in [usual, VaryRules(encoding: .original), VaryRules(encoding: .asSent)] where !vary.matchesNothing {
        guard let variance = Variance.encode(vary, request, rules) else { continue }
        precondition(Variance.isSound(variance.span), "a variance can't be read")
        precondition(Variance.matches(variance.span, request, rules), "a response does not match its own request")
        precondition(Variance.matches(variance.span, upper, rules), "letter case counts")
        precondition(Variance.encode(like: variance.span, request, rules) == variance, "another form of the same")
    }
    checkOrigin(lines[4])
    return 0
}

private func checkEncodings(_ request: HeaderBlock) {
    var taken: [UInt8] = []
    AcceptEncoding.append(taken: request, to: &taken)
    let names = String(decoding: taken, as: UTF8.self).split(separator: ", ").map(String.init)
    precondition(
        names == ["identity"] || names.allSatisfy { name in ContentCoding.allCases.contains { $0.token == name } })
    if let chosen = AcceptEncoding.choose(request, among: ContentCoding.allCases) {
        precondition(names.contains(chosen.token), "a coding that the client does not take")
    }
}

private func checkOrigin(_ line: [UInt8]) {
    let block = fields([
        ("Surrogate-Key", line), ("Cache-Tag", line), ("Surrogate-Control", line), ("Date", line),
        ("If-None-Match", line),
    ])
    if let tags = CacheTags.read(block, limit: 8) {
        precondition(tags.count <= 8 && zip(tags, tags.dropFirst()).allSatisfy { $0 < $1 }, "a tag twice")
    }
    precondition(!CacheTags.removed(from: block).fields.contains { CacheTags.isTagField(block.slice($0.name)) })
    let control = SurrogateControl(block)
    for number in [control.maxAge, control.staleSeconds].compactMap({ $0 }) { precondition(number >= 0) }
    _ = EncodedTag.originals(.ifNoneMatch, of: block)
    if let seconds = HTTPDate.parse(line.span, now: 1_700_000_000) {
        var text: [UInt8] = []
        HTTPDate.append(seconds, to: &text)
        precondition(HTTPDate.parse(text.span, now: 1_700_000_000) == seconds, "a date comes back as another")
    }
    let head = Array("content-type:".utf8) + line + [0x0D, 0x0A]
    let type = ContentType.mediaType(head.span, head.indices)
    precondition(type.lowerBound >= 0 && type.upperBound <= head.count)
}

private func raised(_ text: [UInt8]) -> [UInt8] { text.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 } }

private func fields(_ list: [(String, [UInt8])]) -> HeaderBlock {
    var block = HeaderBlock()
    for (name, value) in list { block.append(Array(name.utf8).span, value.span) }
    return block
}
