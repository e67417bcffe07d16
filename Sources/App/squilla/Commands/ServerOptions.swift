import ArgumentParser
import Foundation
import Settings

/// The flags that `up`, `demo` and `check` share; each overrides the file.
struct ServerOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "The configuration file (docs/configuration.md).")
    var config: String?

    @Option(help: ArgumentHelp("The origin, as http://HOST:PORT; replaces the file's origins.", valueName: "url"))
    var origin: [String] = []

    @Option(help: ArgumentHelp("Where clients connect.", valueName: "host:port"))
    var listen: [String] = []

    @Option(help: ArgumentHelp("Where console, API and metrics are served.", valueName: "host:port"))
    var management: String?

    @Option(help: ArgumentHelp("The data folder.", valueName: "dir"))
    var data: String?

    /// Reads the file, if one is named, and applies the flags. All that is wrong comes in one error.
    func settings(origin defaultOrigin: OriginSection? = nil) throws -> Settings {
        var flags: (origins: [OriginURL], listen: [Endpoint], management: Endpoint?) = ([], [], nil)
        for text in origin {
            do {
                flags.origins.append(try OriginURL(text))
            } catch {
                throw ValidationError("--origin: \(error.message)")
            }
        }
        for text in listen { flags.listen.append(try address("--listen", text)) }
        flags.management = try management.map { try address("--management", $0) }

        let source = config ?? "flags"
        let apply: (inout Settings) -> Void = { settings in
            settings.source = source
            if !flags.origins.isEmpty {
                var section = OriginSection()
                section.urls = flags.origins
                settings.origins = [section]
            } else if settings.origins.isEmpty, let defaultOrigin {
                settings.origins = [defaultOrigin]
            }
            if !flags.listen.isEmpty { settings.edge.listen = flags.listen.map { ListenSection(address: $0) } }
            if let management = flags.management { settings.management.listen = management }
            if let data { settings.dataFolder = data }
            if let token = ProcessInfo.processInfo.environment["SQUILLA_TOKEN"], settings.management.token == nil {
                settings.management.token = token
            }
        }
        guard let config else {
            return try Self.explained("flags") { () throws(SettingsError) in try Settings(overrides: apply) }
        }
        let text = try Self.readFile(config)
        return try Self.explained(config) { () throws(SettingsError) in try Settings(yaml: text, overrides: apply) }
    }

    private func address(_ flag: String, _ text: String) throws -> Endpoint {
        guard let address = Endpoint(text) else {
            throw ValidationError("\(flag): expected HOST:PORT, found \"\(text)\"")
        }
        return address
    }

    private static func readFile(_ path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Failure("\(path): cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { try? handle.close() }
        let data: Data?
        do {
            data = try handle.read(upToCount: Settings.maxFileBytes + 1)
        } catch {
            throw Failure("\(path): cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(data: data ?? Data(), encoding: .utf8) else {
            throw Failure("\(path): is not UTF-8 text")
        }
        return text
    }

    private static func explained(_ file: String, _ body: () throws(SettingsError) -> Settings) throws -> Settings {
        do {
            return try body()
        } catch {
            throw Failure(error.rendered(file: file))
        }
    }
}

/// What ends a command: printed as it is, exit code 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
