import ArgumentParser
import Settings

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the edge, the event log, the API and the console in front of an origin.",
        discussion: """
            squilla up --origin http://127.0.0.1:3000
            squilla up -c squilla.yaml

            Ctrl-C and SIGTERM drain; SIGHUP reads the configuration again.
            """)

    @OptionGroup var options: ServerOptions

    func run() throws {
        var signals = Signals()
        ProcessLimits.raiseOpenFiles()
        let settings = try options.settings()
        guard !settings.origins.isEmpty else {
            throw Failure("name an origin: --origin http://127.0.0.1:3000, or origins in a file given by -c")
        }
        let options = self.options
        let server = try Server(settings) { try options.settings() }
        try server.start()
        StandardOutput.write(
            line:
                "edge     \(server.edgeURLs.joined(separator: " ")) in front of \(settings.origins.flatMap(\.urls).map(\.description).joined(separator: " "))"
        )
        StandardOutput.write(line: "console  \(server.managementURL)")
        StandardOutput.flush()
        signals.heedUntilStop(server)
        server.drain()
    }
}

extension Signals {
    /// Returns when the server has been told to stop; reloads it until then.
    mutating func heedUntilStop(_ server: Server) {
        while next() == .reload { server.reload() }
        letInterruptKill()
        StandardError.write(line: "squilla: draining")
    }
}
