import ArgumentParser
import Reactor
import Settings

struct DNSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dns",
        abstract: "Answer DNS questions about your zones: by health, weight and country.",
        discussion: "Reads the section dns of squilla.yaml (docs/dns.md). SIGHUP reads the zones again.")

    @Option(name: [.short, .long], help: "The configuration file (docs/configuration.md).")
    var config = "squilla.yaml"

    func run() throws {
        var signals = Signals()
        let server = try DNSServer(try section()) { StandardError.write(line: "squilla dns: \($0)") }
        try server.start()
        StandardOutput.write(line: "dns      \(server.addresses.map(\.description).joined(separator: " "))")
        StandardOutput.flush()
        while signals.next() == .reload {
            do {
                try server.reload(try section())
                StandardError.write(line: "squilla dns: the zones were read again")
            } catch {
                StandardError.write(line: "squilla dns: the zones stay as they are: \(error)")
            }
        }
        server.stop()
    }

    private func section() throws -> DNSSection {
        guard let section = try ServerOptions.parse(["--config", config]).settings().dns else {
            throw Failure("\(config): there is no section dns")
        }
        return section
    }
}
