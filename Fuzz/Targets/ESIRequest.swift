// modules: ESI,HTTPWire,Bytes
import Bytes
import HTTPWire

@testable import ESI

/// Lines: a name, a query, a user agent, languages, and then cookies. Pages see of a request what is there: a member is the
/// same whether it is asked for by its name or found among all, and a cookie is what RFC 6265 calls one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var lines = input.split(separator: 0x0A, maxSplits: 20, omittingEmptySubsequences: false).map { Array($0) }
    while lines.count < 5 { lines.append([]) }
    var block = HeaderBlock()
    for (index, line) in lines.enumerated() where index >= 2 {
        let name = Array((index == 2 ? "User-Agent" : index == 3 ? "Accept-Language" : "Cookie").utf8)
        block.append(name.span, line.span)
    }
    let request = ESIRequest(
        block: block, method: Array("GET".utf8), isHTTPS: false, host: Array("h".utf8), path: Array("/p".utf8),
        query: lines[1], clientAddress: Array("192.0.2.1".utf8), now: 1_700_000_000, seed: 7)
    let variables = RequestVariables(request, settings: ESISettings())
    let program = Page.program
    let name = Text(lines[0], taint: .client)
    for variable in [VariableName.cookie, .queryString] {
        guard case .dictionary(let all)? = variables.collection(variable) else { fatalError("no dictionary") }
        precondition(
            bytes(variables.member(variable, name, program)) == bytes(all[name] ?? .undefined), "another member")
        for entry in all.entries.prefix(50) {
            let member = variables.member(variable, entry.key, program)
            precondition(bytes(member) == bytes(entry.value) && member.isTainted == entry.value.isTainted, "another")
        }
    }
    for key in ["browser", "os", "version"] {
        let fact = variables.member(.userAgent, Text(Array(key.utf8)), program)
        precondition(!fact.isUndefined, "a browser of no kind")
    }
    _ = variables.member(.acceptLanguage, name, program)
    return 0
}

private enum Page {
    static let program = ESIPage(Array("x".utf8).span, settings: ESISettings()).programs[0]
}

private func bytes(_ value: Value) -> [UInt8] {
    var out: [UInt8] = value.isUndefined ? [0] : [1]
    value.append(to: &out)
    return out
}
