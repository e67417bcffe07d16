import ArgumentParser
import Settings

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate a configuration file; points at line and column.")

    @OptionGroup var options: ServerOptions

    func run() throws {
        let settings = try options.settings()
        guard !settings.origins.isEmpty else {
            throw Failure(
                "\(options.config ?? "flags"): origins: name at least one origin, such as url: http://127.0.0.1:3000")
        }
        if let problem = settings.esi.geoDatabaseProblem { throw Failure("\(options.config ?? "flags"): \(problem)") }
        let file = options.config ?? "flags"
        do throws(SettingsError) {
            for warning in try settings.edgeRules().1 {
                StandardError.write(line: warning.rendered(file: file))
            }
        } catch {
            throw Failure(error.rendered(file: file))
        }
        _ = try settings.edgeSettings()
        _ = try TLSMaterial.servers(settings, makesMissing: false)
        print(
            "\(options.config ?? "flags"): valid; \(settings.origins.count) origin\(settings.origins.count == 1 ? "" : "s")"
        )
    }
}
