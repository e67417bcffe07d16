// modules: squilla
import Foundation
import Reactor

@testable import squilla

/// Lines: what an authority's server answers, one line an answer: a letter for its status and for the fields it has, then its
/// body. Whatever it says, the order goes on or fails with words; what is asked next is one request with a body that is JSON,
/// a challenge is answered for a plain token alone, and no wait is long.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var order = ACMEOrder(
        directoryURL: "https://ca/directory", names: ["a.test", "b.test"], contact: "mailto:a@b", request: [1, 2, 3],
        key: Authority.key, maximumPolls: 5)
    var action = order.start()
    for line in input.split(separator: 0x0A, maxSplits: 64, omittingEmptySubsequences: false) {
        check(action, order)
        switch action {
        case .done, .failed: return 0
        case .publish: action = order.published()
        case .wait: action = order.waited()
        default: break
        }
        check(action, order)
        action = order.received(reply(line))
    }
    check(action, order)
    return 0
}

private enum Authority {
    static let key = makeKey()

    private static func makeKey() -> TLSSigningKey {
        do { return try TLSSigningKey() } catch { fatalError("\(error)") }
    }
}

private func reply(_ line: ArraySlice<UInt8>) -> ACMEReply {
    let letter = line.first ?? 0
    var reply = ACMEReply(status: [200, 201, 400, 503][Int(letter & 3)], body: Array(line.dropFirst()))
    if letter & 4 != 0 { reply.location = "https://ca/\(line.count)" }
    if letter & 8 != 0 { reply.nonce = String(decoding: line.prefix(20), as: UTF8.self) }
    if letter & 16 != 0 { reply.retryAfterSeconds = [Int.min, -1, 0, 7, .max][line.count % 5] }
    return reply
}

private func check(_ action: ACMEOrder.Action, _ order: ACMEOrder) {
    switch action {
    case .get(let url), .head(let url): checkPlace(url)
    case .post(let url, let payload):
        checkPlace(url)
        precondition(payload.isEmpty || isObject(Array(payload.utf8)), "a payload is no JSON: \(payload)")
        guard let body = try? order.signer.body(payload, url: url, nonce: order.nonce) else {
            fatalError("no signature")
        }
        precondition(isObject(body), "a body is no JSON")
    case .publish(let token, let answer):
        precondition(
            (1...256).contains(token.utf8.count) && answer.hasPrefix(token + ".") && !token.contains("/"),
            "a token \(token)")
    case .wait(let milliseconds): precondition((1...60_000).contains(milliseconds), "a wait of \(milliseconds) ms")
    case .done: break
    case .failed(let failure): precondition(!failure.description.isEmpty, "no word of what failed")
    }
}

/// A URL that is taken is one host and one target, which a request can be written of.
private func checkPlace(_ url: String) {
    guard let place = try? ACMETransport.split(url) else { return }
    precondition(
        place.host.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2F }, "a host \(place.host.debugDescription)"
    )
    precondition(place.target.utf8.allSatisfy { (0x21...0x7E).contains($0) } && place.target.hasPrefix("/"))
}

private func isObject(_ bytes: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes))) is [String: Any]
}
