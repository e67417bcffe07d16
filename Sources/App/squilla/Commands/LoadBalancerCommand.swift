import ArgumentParser
import Foundation
import Reactor
import SecondChance
import Settings

struct LoadBalancerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lb",
        abstract: "Let a router's ECMP spread connections over several hosts, and lose none when hosts come and go.",
        discussion: "Reads the section lb of squilla.yaml (docs/balancing.md). Needs root for run and remove.",
        subcommands: [Run.self, Drain.self, Return.self, Status.self, Remove.self])

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Install the second chance on this host and keep it up to date until SIGTERM.",
            discussion: "What is installed stays when this ends; `squilla lb remove` takes it away.")

        @OptionGroup var file: LoadBalancerFile

        func run() throws {
            let stop = StopFlag()
            let service = try SecondChanceService(
                try file.settings(), runRules: LoadBalancerCommand.runRules,
                note: { StandardError.write(line: "squilla lb: \($0)") })
            try service.run { stop.isSet }
        }
    }

    struct Drain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a host take no new connections: it hands them to the others.",
            discussion: """
                With --wait the command ends once no connection is left there, or with exit code 1 when the time is up. \
                Tell the router after that, or before: neither loses a connection.
                """)

        @OptionGroup var file: LoadBalancerFile
        @Option(help: ArgumentHelp("The number of another host than this one.", valueName: "number")) var host: Int?
        @Option(help: ArgumentHelp("Seconds to wait for the host's connections to end.", valueName: "seconds"))
        var wait: Int?

        func run() throws {
            let client = try PlaceClient(file.settings(), host: host)
            var answer = try client.ask(.drain)
            let end = Date() + TimeInterval(wait ?? 0)
            while wait != nil, answer.connections > 0 {
                guard Date() < end else {
                    throw Failure("\(answer.connections) connections are left on host \(answer.number)")
                }
                Thread.sleep(forTimeInterval: 0.25)
                answer = try client.ask(.status)
            }
            print("host \(answer.number) drains; \(answer.connections) connections")
        }
    }

    struct Return: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Have a host take new connections again.")

        @OptionGroup var file: LoadBalancerFile
        @Option(help: ArgumentHelp("The number of another host than this one.", valueName: "number")) var host: Int?

        func run() throws {
            let answer = try PlaceClient(file.settings(), host: host).ask(.return)
            print("host \(answer.number) serves")
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the place as a host sees it.")

        @OptionGroup var file: LoadBalancerFile
        @Option(help: ArgumentHelp("The number of another host than this one.", valueName: "number")) var host: Int?
        @Flag(help: "As JSON.") var json = false

        func run() throws {
            let text = try PlaceClient(file.settings(), host: host).ask(.status).text
            defer { StandardOutput.flush() }
            guard !json else { return StandardOutput.write(text + [0x0A]) }
            let place = (try? JSONSerialization.jsonObject(with: Data(text))) as? [String: Any] ?? [:]
            var table = RowPrinter(format: .table, isLive: false)
            for host in place["hosts"] as? [[String: Any]] ?? [] {
                let fields = try ["host", "address", "state", "connections", "mac", "heard_ms"].map { key in
                    let value = try JSONSerialization.data(
                        withJSONObject: host[key] ?? NSNull(), options: [.fragmentsAllowed, .withoutEscapingSlashes])
                    return "\"\(key)\":" + String(decoding: value, as: UTF8.self)
                }
                table.print(line: Array(("{" + fields.joined(separator: ",") + "}").utf8))
            }
            table.finish()
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take away what `squilla lb run` installed here.")

        @OptionGroup var file: LoadBalancerFile

        func run() throws {
            try SecondChanceService.remove(
                interface: file.settings().interface, runRules: LoadBalancerCommand.runRules)
        }
    }

    /// - Returns: what `nft` says against them; nil when they are in force.
    static func runRules(_ rules: String) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["nft", "-f", "-"]
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = (environment["PATH"] ?? "") + ":/usr/sbin:/sbin"
        process.environment = environment
        let (input, errors) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardError = errors
        do {
            try process.run()
            // The rules are far smaller than a pipe's buffer.
            try input.fileHandleForWriting.write(contentsOf: Data(rules.utf8))
            try input.fileHandleForWriting.close()
        } catch {
            return "nft can't be run: \(error.localizedDescription)"
        }
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus != 0 else { return nil }
        if process.terminationStatus == 127 { return "there is no nft; install the package nftables" }
        return String(decoding: said.prefix(500), as: UTF8.self)
    }
}

/// Where the section `lb` is read from.
struct LoadBalancerFile: ParsableArguments {
    @Option(name: [.short, .long], help: "The configuration file (docs/configuration.md).")
    var config = "squilla.yaml"

    func settings() throws -> PlaceSettings {
        guard let section = try ServerOptions.parse(["--config", config]).settings().lb else {
            throw Failure("\(config): there is no section lb")
        }
        return try section.placeSettings()
    }
}

extension LoadBalancerSection {
    func placeSettings() throws -> PlaceSettings {
        let addresses = try self.addresses.map { text -> ServiceAddresses.Address in
            let address = try Self.numeric(text, port: 0, key: "lb.addresses")
            return ServiceAddresses.Address(high: address.high, low: address.low)
        }
        let service = try ServiceAddresses(addresses: addresses, ports: ports.map { UInt16($0) })
        var peers: [Int: SocketAddress] = [:]
        for peer in self.peers {
            peers[peer.number] = try Self.numeric(peer.address.host, port: peer.address.port, key: "lb.peers")
        }
        var settings = try PlaceSettings(
            number: number, listen: try Self.numeric(listen.host, port: listen.port, key: "lb.listen"), peers: peers,
            service: service, interface: interface, secret: Array(secret.utf8))
        settings.method = PlaceSettings.Method(rawValue: method.rawValue) ?? .auto
        settings.heartbeatMilliseconds = heartbeatMilliseconds
        settings.silenceMilliseconds = silenceMilliseconds
        settings.restartMilliseconds = restartMilliseconds
        settings.maxClockSkewMilliseconds = maxClockSkewMilliseconds
        return settings
    }

    private static func numeric(_ text: String, port: Int, key: String) throws -> SocketAddress {
        guard let address = SocketAddress(numeric: text, port: UInt16(port)) else {
            throw Failure("\(key): expected an IPv4 or IPv6 address, found \"\(text)\"")
        }
        return address
    }
}

/// Speaks to a host of the place.
private struct PlaceClient {
    private let settings: PlaceSettings
    private let address: SocketAddress
    private let socket: DatagramSocket

    init(_ settings: PlaceSettings, host: Int?) throws {
        self.settings = settings
        if let host, host != settings.number {
            guard let peer = settings.peers[host] else { throw Failure("lb.peers: there is no host \(host)") }
            address = peer
        } else {
            address = settings.listen
        }
        let own: SocketAddress = address.isIPv4 ? .ipv4(0, 0, 0, 0, port: 0) : SocketAddress(high: 0, low: 0, port: 0)
        socket = try DatagramSocket(own)
    }

    /// Asks up to five times; each try is a message of its own, for one that was heard already is refused.
    func ask(_ kind: PlaceMessage.Kind) throws -> PlaceMessage {
        var buffer = [UInt8](repeating: 0, count: DatagramSocket.maximumBytes)
        for _ in 0..<5 {
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let question = PlaceMessage(kind, number: PlaceMessage.nobody, timeMilliseconds: now)
            socket.send(question.sealed(with: settings.secret), to: address)
            guard socket.waitForDatagram(milliseconds: 500), let (count, _) = socket.receive(into: &buffer),
                let answer = PlaceMessage(buffer[..<count], secret: settings.secret), answer.kind == .answer
            else { continue }
            return answer
        }
        throw Failure(
            "\(address) does not answer: is `squilla lb run` running there, with the same lb.secret and time?")
    }
}

/// Set by SIGINT or SIGTERM, whose handler may do no more than store a number.
private struct StopFlag {
    nonisolated(unsafe) private static var wasAsked: sig_atomic_t = 0

    var isSet: Bool { Self.wasAsked != 0 }

    init() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in StopFlag.wasAsked = 1 } }
    }
}
