import Reactor
import Testing

@testable import SecondChance

/// What the hosts of a place make of each other's words.
struct PlaceAgentTests {
    private let secret = Array("0123456789abcdef".utf8)

    private func agent(_ number: Int = 0, of count: Int = 3) throws -> PlaceAgent {
        var peers: [Int: SocketAddress] = [:]
        for other in 0..<count where other != number { peers[other] = .ipv4(10, 0, 0, UInt8(other + 1), port: 7946) }
        let service = try ServiceAddresses(
            addresses: [.init(high: 0, low: 0xFFFF_C000_0201)], ports: [80, 443])
        let settings = try PlaceSettings(
            number: number, listen: .ipv4(10, 0, 0, UInt8(number + 1), port: 7946), peers: peers, service: service,
            interface: "eth0", secret: secret)
        return PlaceAgent(settings, mac: mac(number))
    }

    private func mac(_ number: Int) -> MACAddress { MACAddress(repeating: UInt8(0x10 + number)) }

    private func heartbeat(
        _ number: Int, at time: Int64, isDraining: Bool = false, isRestarting: Bool = false, secret: [UInt8]? = nil
    ) -> ArraySlice<UInt8> {
        var message = PlaceMessage(.heartbeat, number: number, timeMilliseconds: time)
        message.mac = mac(number)
        message.isDraining = isDraining
        message.isRestarting = isRestarting
        return message.sealed(with: secret ?? self.secret)[...]
    }

    private func hosts(_ actions: [PlaceAgent.Action]) -> [Int]? {
        for case .install(let program) in actions { return program.hosts.map(\.number) }
        return nil
    }

    private func hear(_ agent: inout PlaceAgent, _ bytes: ArraySlice<UInt8>, at now: Int64) -> [PlaceAgent.Action] {
        agent.receive(bytes, from: .loopback(port: 1), at: now) { "\"method\":\"ebpf\"" }
    }

    @Test func aHostIsTriedOnceItWasHeard() throws {
        var agent = try agent(1)
        let first = agent.tick(at: 1000)
        #expect(hosts(first) == [])
        let beats = first.filter { if case .send = $0 { true } else { false } }
        #expect(beats.count == 2)
        #expect(agent.tick(at: 1050).isEmpty)
        #expect(hosts(hear(&agent, heartbeat(0, at: 1060), at: 1060)) == [0])
        #expect(hosts(hear(&agent, heartbeat(2, at: 1070), at: 1070)) == [2, 0])
        #expect(hosts(hear(&agent, heartbeat(2, at: 1080), at: 1080)) == nil)
    }

    @Test func aSilentHostIsLeftOut() throws {
        var agent = try agent()
        _ = hear(&agent, heartbeat(1, at: 1000), at: 1000)
        #expect(hosts(agent.tick(at: 1500)) == nil)
        #expect(hosts(agent.tick(at: 1501)) == [])
        #expect(hosts(hear(&agent, heartbeat(1, at: 1600), at: 1600)) == [1])
    }

    @Test func oneThatStartsAgainIsWaitedFor() throws {
        var agent = try agent()
        _ = hear(&agent, heartbeat(1, at: 1000, isRestarting: true), at: 1000)
        #expect(hosts(agent.tick(at: 30_000)) == nil)
        #expect(hosts(agent.tick(at: 31_001)) == [])
    }

    @Test func oneThatDrainsComesFirst() throws {
        var agent = try agent()
        _ = hear(&agent, heartbeat(1, at: 1000), at: 1000)
        _ = hear(&agent, heartbeat(2, at: 1000), at: 1000)
        let actions = hear(&agent, heartbeat(2, at: 1100, isDraining: true), at: 1100)
        #expect(hosts(actions) == [2, 1])
        #expect(actions.contains(.note("host 2 drains")))
    }

    @Test func whatIsReplayedOrForgedIsRefused() throws {
        var agent = try agent()
        let beat = heartbeat(1, at: 1000)
        #expect(hosts(hear(&agent, beat, at: 1000)) == [1])
        #expect(hear(&agent, beat, at: 1001).isEmpty)
        #expect(hear(&agent, heartbeat(1, at: 900, isDraining: true), at: 1001).isEmpty)
        #expect(hear(&agent, heartbeat(1, at: 1100, secret: Array("another secret!!".utf8)), at: 1100).isEmpty)
        #expect(hear(&agent, heartbeat(7, at: 1100), at: 1100).isEmpty)
        #expect(hear(&agent, heartbeat(1, at: 100_000), at: 1100).isEmpty)
        for index in beat.indices {
            var damaged = heartbeat(1, at: 1200)
            damaged[index] ^= 1
            #expect(hear(&agent, damaged, at: 1200).isEmpty)
            #expect(hear(&agent, beat[..<index], at: 1200).isEmpty)
        }
        #expect(agent.refusedMessages == 5 + 2 * beat.count)
    }

    @Test func aTimeThatIsNoneIsRefused() throws {
        var agent = try agent()
        let now: Int64 = 1_700_000_000_000
        // The farthest is the one that has no magnitude.
        for time in [now &+ .min, .min, .max, now &+ .max, now - 30_001, now + 30_001] {
            #expect(hear(&agent, heartbeat(1, at: time), at: now).isEmpty)
        }
        #expect(agent.refusedMessages == 6)
        #expect(hosts(hear(&agent, heartbeat(1, at: now - 30_000), at: now)) == [1])
    }

    @Test func drainAndReturnAreToldToAll() throws {
        var agent = try agent()
        _ = agent.tick(at: 1000)
        let drain = PlaceMessage(.drain, number: PlaceMessage.nobody, timeMilliseconds: 1010).sealed(with: secret)
        let actions = hear(&agent, drain[...], at: 1010)
        var told = 0
        for case .send(let message, _) in actions where message.kind == .heartbeat && message.isDraining { told += 1 }
        #expect(told == 2)
        #expect(actions.contains { if case .install(let program) = $0 { program.isDraining } else { false } })
        guard case .send(let answer, to: .loopback(port: 1))? = actions.last else {
            Issue.record("no answer")
            return
        }
        #expect(answer.kind == .answer && answer.isDraining)
        #expect(String(decoding: answer.text, as: UTF8.self).contains("\"state\":\"draining\""))
        #expect(hear(&agent, drain[...], at: 1020).isEmpty)
        let back = PlaceMessage(.return, number: PlaceMessage.nobody, timeMilliseconds: 1030).sealed(with: secret)
        #expect(hear(&agent, back[...], at: 1030).contains(.note("returned")))
    }

    @Test func settingsOfTheProgramAreAsItReadsThem() throws {
        let service = try ServiceAddresses(addresses: [.init(high: 0, low: 0xFFFF_C000_0201)], ports: [80, 443])
        let program = ProgramSettings(
            number: 3, isDraining: true, service: service,
            hosts: [.init(number: 5, mac: mac(5), isDraining: true)])
        let bytes = program.bytes
        #expect(bytes.count == ProgramSettings.byteCount)
        #expect(bytes[24..<28].elementsEqual([0, 80, 1, 187]))
        #expect(bytes[56..<72].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1]))
        #expect(bytes[312..<320].elementsEqual([0x15, 0x15, 0x15, 0x15, 0x15, 0x15, 5, 1]))
    }

    @Test func rulesOfNftablesNameServiceAndHosts() throws {
        var agent = try agent()
        _ = hear(&agent, heartbeat(1, at: 1000), at: 1000)
        let program = ProgramSettings(
            number: 0, isDraining: false, service: agent.settings.service,
            hosts: [.init(number: 1, mac: mac(1), isDraining: false)])
        let text = NftablesRules(settings: agent.settings, program: program).text
        #expect(text.contains("ip daddr != { 192.0.2.1 } accept"))
        #expect(text.contains("tcp dport != { 80, 443 } accept"))
        #expect(text.contains("ether saddr { 11:11:11:11:11:11 } counter drop"))
        #expect(text.contains("dup to 10.0.0.2 device \"eth0\""))
    }

    @Test func limitsAreTold() {
        #expect(throws: SecondChanceError.self) { try ServiceAddresses(addresses: [], ports: [80]) }
        #expect(throws: SecondChanceError.self) {
            try ServiceAddresses(addresses: [.init(high: 0, low: 1)], ports: Array(1...17))
        }
    }
}
