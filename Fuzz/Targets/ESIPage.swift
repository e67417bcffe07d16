// modules: ESI,HTTPWire,Bytes
import Bytes
import ESI
import HTTPWire

/// A page of any bytes, read whole and cut into pieces, evaluated with fragments that are cut out of the same bytes: both
/// give the same, and both end within the bounds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzESIPage(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 2 else { return 0 }
    let bytes = [UInt8](UnsafeBufferPointer(start: data, count: size))
    let whole = assemble(bytes, pieceBytes: .max)
    let pieces = assemble(bytes, pieceBytes: 1 + Int(bytes[0] % 7))
    precondition(whole.body == pieces.body, "a page depends on how it is cut")
    precondition(whole.status == pieces.status && whole.fault == pieces.fault, "an error depends on how a page is cut")
    return 0
}

private struct Answer {
    var body: [UInt8] = []
    var status = 0
    var fault = ""
}

private func assemble(_ bytes: [UInt8], pieceBytes: Int) -> Answer {
    var settings = ESISettings()
    settings.maximumSteps = 20_000
    settings.maximumIterations = 1_000
    settings.maximumIncludes = 16
    settings.maximumTextBytes = 1 << 14
    settings.maximumItems = 200
    settings.errorDefault = bytes[0] & 1 == 0 ? .fail : .empty
    settings.lookAheadBytes = .max
    settings.holding = bytes[0] & 2 == 0 ? .lookAhead : .whole
    var block = HeaderBlock()
    block.append("Cookie", "a=1; b=<esi:vars>$(HTTP_HOST)</esi:vars>")
    let request = ESIRequest(
        block: block, method: Array("GET".utf8), isHTTPS: false, host: Array("h".utf8), path: Array("/p".utf8),
        query: Array("q=%3Cx".utf8), clientAddress: Array("192.0.2.1".utf8), now: 1_700_000_000, seed: 7)
    var assembly = ESIAssembly(request, settings: settings)
    var parser = ESIParser(settings: settings)
    var answer = Answer()
    var open: [Int] = []
    func send(_ event: ESIEvent) {
        for action in assembly.on(event) {
            switch action {
            case .fetch(let number, _): open.append(number)
            case .cancel(let id): open.removeAll { $0 == id }
            case .head(let head): answer.status = head.status ?? 200
            case .output(let bytes): answer.body.append(contentsOf: bytes)
            case .fail(let fault):
                answer.fault = fault.code
                answer.body = []
            case .publish, .pause, .resume, .end: break
            }
        }
    }
    var position = 0
    while position < bytes.count {
        let end = position + min(pieceBytes, bytes.count - position)
        for program in parser.feed(bytes.span.extracting(position..<end)) { send(.page(program)) }
        position = end
    }
    for program in parser.finish() { send(.page(program)) }
    send(.pageEnded)
    while let id = open.first {
        open.removeFirst()
        let isMissing = id % 5 == 4
        send(.fragmentHead(id, status: isMissing ? 404 : 200, location: nil, isESI: id % 2 == 1))
        if isMissing { continue }
        send(.fragmentBody(id, bytes[(bytes.count / 2)...]))
        send(.fragmentEnded(id, compiled: nil))
    }
    return answer
}
