// modules: HTTPCache,HTTPWire
import HTTPWire

@testable import HTTPCache

/// Lines: two targets of one host, a reference as a Location has it, and a No-Vary-Search. A key is the same however it is
/// made; a reference never leaves the host; no two lists of parts make one key; queries that a rule unifies are spelled in
/// one way, and a purge of the URL's path meets what stands for them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    let first = target(lines[0])
    let second = target(lines.count > 1 ? lines[1] : [])
    var key = Key(first).key
    precondition(!key.isRuled && !key.isUnified && key.family == nil, "a URL looks like more")
    var reused = CacheKey()
    for each in [second, first] { reused.set(host: Key.host.span, port: nil, target: each.span, isHTTPS: false) }
    precondition(reused == key, "a key that was used before is another")
    if !first.contains(0x23), first.count > 1, first[1] != 0x2F {
        let related = Key(second).key.related(first.span)
        precondition(related == key, "a path is another key")
    }
    let reference = lines.count > 2 ? lines[2] : []
    if let related = key.related(reference.span) {
        precondition(related.bytes.starts(with: Key.host), "a reference leaves its host")
        precondition(related.bytes.dropFirst(Key.host.count).first == 0x2F)
    }
    checkParts(first, second)
    let (name, said) = (Array("No-Vary-Search".utf8), lines.count > 3 ? lines[3] : [])
    var block = HeaderBlock()
    block.append(name.span, said.span)
    guard let rule = SearchVariance(block) else { return 0 }
    let plain = key
    key.unify(by: rule, rule.identity)
    precondition(key.isUnified && !key.isRuled && key.family != nil, "it does not stand for several queries")
    let isMet = CacheKey.meets(prefix: plain.bytes.span, key: key.bytes.span)
    precondition(isMet, "a purge of the URL passes it by")
    let (asked, otherAsked) = (queryOf(first), queryOf(second))
    let query = rule.unified(asked.span)
    let bare = Array(query.dropFirst())
    let unifiedAgain = rule.unified(bare.span)
    precondition(unifiedAgain == query, "one spelling has another")
    var other = Key(second).key
    other.unify(by: rule, rule.identity)
    let otherQuery = rule.unified(otherAsked.span)
    let isSame = pathOf(first) == pathOf(second) && otherQuery == query
    precondition((other == key) == isSame, "two keys are mixed up")
    return 0
}

private struct Key {
    static let host = Array("h.test".utf8)
    var key = CacheKey()

    init(_ target: [UInt8]) { key.set(host: Key.host.span, port: nil, target: target.span, isHTTPS: false) }
}

/// What a request may have: a slash in front, no blanks and no controls.
private func target(_ line: [UInt8]) -> [UInt8] { [0x2F] + line.filter { $0 > 0x20 && $0 != 0x7F } }

private func pathOf(_ target: [UInt8]) -> [UInt8] { Array(target.prefix { $0 != 0x3F }) }

private func queryOf(_ target: [UInt8]) -> [UInt8] { Array(target.drop { $0 != 0x3F }.dropFirst()) }

private func checkParts(_ first: [UInt8], _ second: [UInt8]) {
    let lists: [[[UInt8]?]] = [
        [first, second], [first + second], [first + [0x0A] + second], [first + [0x0A, 0x3D] + second],
        [first, nil, second],
        [first, nil], [first], [nil, first],
    ]
    let keys = lists.map { list in
        var parts: [UInt8] = []
        for part in list { CacheKey.append(part: part?.span, to: &parts) }
        return parts
    }
    precondition(Set(keys).count == keys.count, "two lists of parts make one key")
}
