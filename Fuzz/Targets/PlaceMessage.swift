// modules: SecondChance
import Bytes
import Reactor

@testable import SecondChance

/// A datagram of a place: nothing that does not know the secret is heard; what is sealed with it is heard as it was said. Any
/// words of hosts that know it, at any time of theirs, leave an agent that goes on: it asks others for no more packets than
/// it has hosts, and tells itself as JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    precondition(PlaceMessage(bytes[...], secret: World.secret) == nil, "a secret is guessed")
    var agent = World.agent
    var now: Int64 = 1_700_000_000_000
    var rest = bytes[...]
    while let length = rest.popFirst() {
        var datagram = Array("SQ2C".utf8) + rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        datagram += Digest.sha256.authenticate(datagram, key: World.secret)
        hear(datagram, &agent, at: now)
        // Hosts have the same clock, or nearly.
        if var message = PlaceMessage(datagram[...], secret: World.secret) {
            message.timeMilliseconds = now &+ message.timeMilliseconds % 40_000
            hear(message.sealed(with: World.secret), &agent, at: now)
        }
        now += Int64(length)
        for action in agent.tick(at: now) { check(action) }
    }
    for action in agent.stop(at: now) { check(action) }
    return 0
}

private func hear(_ datagram: [UInt8], _ agent: inout PlaceAgent, at now: Int64) {
    // A part of what was received lies anywhere in a buffer.
    let buffer = [0x53, 0x51] + datagram
    let message = PlaceMessage(buffer[2...], secret: World.secret)
    precondition(message == PlaceMessage(datagram[...], secret: World.secret), "it depends on where a datagram lies")
    if let message {
        let again = PlaceMessage(message.sealed(with: World.secret)[...], secret: World.secret)
        precondition(again == message, "a message comes back as another")
        precondition(PlaceMessage(datagram[...], secret: World.other) == nil, "another secret is as good")
    }
    let refused = agent.refusedMessages
    let actions = agent.receive(buffer[2...], from: .ipv4(10, 0, 0, 9, port: 1), at: now) { "\"method\":\"none\"" }
    precondition(
        message != nil || agent.refusedMessages == refused + 1 && actions.isEmpty, "it is heard without a secret")
    for action in actions { check(action) }
}

private func check(_ action: PlaceAgent.Action) {
    switch action {
    case .send(let message, _):
        let sealed = message.sealed(with: World.secret)
        precondition(PlaceMessage(sealed[...], secret: World.secret) == message, "nobody could read our own words")
        precondition(sealed.count <= 65_507, "longer than a datagram")
    case .install(let program):
        precondition(program.hosts.count <= 3 && Set(program.hosts.map(\.number)).count == program.hosts.count)
    case .note(let words): precondition(!words.isEmpty)
    }
}

private enum World {
    static let secret = Array("0123456789abcdef".utf8)
    static let other = Array("fedcba9876543210".utf8)
    static let agent = makeAgent()

    private static func makeAgent() -> PlaceAgent {
        do {
            let service = try ServiceAddresses(addresses: [.init(high: 0, low: 0xFFFF_C000_0201)], ports: [80, 443])
            let peers: [Int: SocketAddress] = [
                1: .ipv4(10, 0, 0, 1, port: 7946), 2: .ipv4(10, 0, 0, 2, port: 7946), 3: .ipv4(10, 0, 0, 3, port: 7946),
            ]
            let settings = try PlaceSettings(
                number: 0, listen: .ipv4(10, 0, 0, 4, port: 7946), peers: peers, service: service, interface: "eth0",
                secret: secret)
            return PlaceAgent(settings, mac: MACAddress(repeating: 7))
        } catch {
            fatalError("\(error)")
        }
    }
}
