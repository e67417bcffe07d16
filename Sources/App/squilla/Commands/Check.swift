import ArgumentParser
import Settings

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate a configuration file; points at line and column.")

    @OptionGroup var options: ServerOptions

    func run() throws {
        let settings = try options.settings()
        let file = options.config ?? "flags"
        _ = try settings.dns?.responder()
        guard !settings.origins.isEmpty else {
            // Of another of the program's servers.
            let others = [settings.dns.map { _ in "dns" }, settings.lb.map { _ in "lb" }].compactMap(\.self)
            if !others.isEmpty { return print("\(file): valid; \(others.joined(separator: " and ")), no origins") }
            throw Failure("\(file): origins: name at least one origin, such as url: http://127.0.0.1:3000")
        }
        if let problem = settings.esi.geoDatabaseProblem { throw Failure("\(file): \(problem)") }
        do throws(SettingsError) {
            for warning in try settings.edgeRules().1 {
                StandardError.write(line: warning.rendered(file: file))
            }
        } catch {
            throw Failure(error.rendered(file: file))
        }
        _ = try settings.edgeSettings()
        _ = try TLSMaterial.servers(settings, makesMissing: false)
        print("\(file): valid; \(settings.origins.count) origin\(settings.origins.count == 1 ? "" : "s")")
    }
}
