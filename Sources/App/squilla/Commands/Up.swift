import ArgumentParser
import Glibc
import Runtime
import Settings

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the edge, the event log, the API and the console in front of an origin.",
        discussion: """
            squilla up --origin http://127.0.0.1:3000
            squilla up -c squilla.yaml

            Ctrl-C and SIGTERM drain; SIGHUP reads the configuration again; SIGUSR2 lets the program's file, which may be
            a new version by now, take over without a request lost (squilla upgrade).
            """)

    @OptionGroup var options: ServerOptions

    func run() throws {
        var signals = Signals()
        _ = ProgramFile.path
        ProcessLimits.raiseOpenFiles()
        FreedMemory.keep()
        let predecessor = Predecessor.ofThisProcess()
        let held = try predecessor?.takeListeners() ?? []
        let settings = try options.settings()
        guard !settings.origins.isEmpty else {
            throw Failure("name an origin: --origin http://127.0.0.1:3000, or origins in a file given by -c")
        }
        let options = self.options
        if let predecessor {
            // What can fail fails before the old server lets go.
            _ = try settings.edgeSettings()
            _ = try TLSMaterial.servers(settings)
            try predecessor.awaitFolder()
        }
        let server = try Server(settings) { try options.settings() }
        try server.start(adopting: held)
        if let predecessor {
            try predecessor.tellServing()
            let route = server.route
            predecessor.takeEvents { batch in route.append(batch) { _ in } }
        }
        StandardOutput.write(
            line:
                "edge     \(server.edgeURLs.joined(separator: " ")) in front of \(settings.origins.flatMap(\.urls).map(\.description).joined(separator: " "))"
        )
        StandardOutput.write(line: "console  \(server.managementURL)")
        StandardOutput.flush()
        if signals.heedUntilStop(server) == .upgrade { server.finish() } else { server.drain() }
    }
}

extension Signals {
    /// Returns when the server has been told to stop, or when another process has taken its place; reloads it until
    /// then.
    @discardableResult
    mutating func heedUntilStop(_ server: Server, upgrades: Bool = true) -> Signal {
        while true {
            switch next() {
            case .reload: server.reload()
            case .upgrade:
                guard upgrades, server.upgrade() else { continue }
                letKill([SIGINT, SIGTERM])
                return .upgrade
            case .stop:
                letKill()
                StandardError.write(line: "squilla: draining")
                return .stop
            }
        }
    }
}
