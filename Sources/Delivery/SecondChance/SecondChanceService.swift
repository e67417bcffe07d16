import Glibc
import Reactor
import Runtime

/// Runs a host's part of a place: hears, tells, installs. One thread, the caller's.
public final class SecondChanceService {
    private let settings: PlaceSettings
    private let interface: NetworkInterface
    private let socket: DatagramSocket
    private let note: (String) -> Void
    /// Hands a text to `nft -f -`; answers what went wrong.
    private let runRules: (String) -> String?
    private var agent: PlaceAgent
    private var method: PlaceSettings.Method
    private let clock = SystemClock()
    private var countedMilliseconds: Int64?

    /// - Throws: `SecondChanceError` or `SystemError` when there is no such interface or the address is taken.
    public init(
        _ settings: PlaceSettings, runRules: @escaping (String) -> String?, note: @escaping (String) -> Void
    ) throws {
        self.settings = settings
        self.runRules = runRules
        self.note = note
        interface = try NetworkInterface(name: settings.interface)
        socket = try DatagramSocket(settings.listen)
        agent = PlaceAgent(settings, mac: interface.mac)
        method = settings.method
    }

    /// Goes on until `shouldStop`. What is installed stays: packets must not depend on this process.
    public func run(until shouldStop: () -> Bool) throws {
        var buffer = [UInt8](repeating: 0, count: DatagramSocket.maximumBytes)
        try perform(agent.tick(at: now))
        note("host \(settings.number) on \(interface.name) (\(interface.mac)), \(method.rawValue)")
        while !shouldStop() {
            countConnections()
            if socket.waitForDatagram(milliseconds: max(1, settings.heartbeatMilliseconds / 2)) {
                // So many at most before it is our turn to say something.
                for _ in 0..<256 {
                    guard let (count, from) = socket.receive(into: &buffer) else { break }
                    try perform(agent.receive(buffer[..<count], from: from, at: now) { status })
                }
            }
            try perform(agent.tick(at: now))
        }
        try perform(agent.stop(at: now))
    }

    /// Takes away what was installed on the interface, by either method.
    public static func remove(interface name: String, runRules: (String) -> String?) throws {
        try PacketFilter(interface: NetworkInterface(name: name)).detach()
        _ = runRules(NftablesRules.removal)
    }

    private var now: Int64 { clock.now() / 1000 }

    private func perform(_ actions: [PlaceAgent.Action]) throws {
        for action in actions {
            switch action {
            case .send(let message, let address): socket.send(message.sealed(with: settings.secret), to: address)
            case .note(let text): note(text)
            case .install(let program): try install(program)
            }
        }
    }

    private func install(_ program: ProgramSettings) throws {
        if method != .nftables {
            guard let problem = attach(program) else {
                method = .ebpf
                return
            }
            guard method == .auto else { throw problem }
            note("\(problem); going on with nftables")
            method = .nftables
        }
        if let problem = runRules(NftablesRules(settings: settings, program: program).text) {
            throw SecondChanceError("nftables: \(problem)")
        }
    }

    /// What is in the way of it, nil for nothing.
    private func attach(_ program: ProgramSettings) -> SecondChanceError? {
        let filter = PacketFilter(interface: interface)
        do throws(SecondChanceError) {
            let loaded = try LoadedProgram(program, countersOf: try filter.attachedProgram())
            defer { close(loaded.fd) }
            try filter.attach(loaded)
            return nil
        } catch {
            return error
        }
    }

    /// Once a second: it takes the kernel a walk through its sockets.
    private func countConnections() {
        let now = now
        if let countedMilliseconds, (0..<1000).contains(now - countedMilliseconds) { return }
        countedMilliseconds = now
        do {
            agent.connections = try LiveConnections.count(of: settings.service)
        } catch {
            note("\(error)")
        }
    }

    /// Fields of a JSON object.
    private var status: String {
        var fields = "\"method\":\"\(method.rawValue)\""
        let program = try? PacketFilter(interface: interface).attachedProgram()
        if let program, let counters = LoadedProgram.counters(of: program) {
            fields += """
                ,"packets":{"known":\(counters.known),"passed_on":\(counters.passedOn),\
                "openings_passed_on":\(counters.openingsPassedOn),"errors_passed_on":\(counters.errorsPassedOn),\
                "found":\(counters.found),"seen_by_all":\(counters.seenByAll)}
                """
        }
        return fields
    }
}
