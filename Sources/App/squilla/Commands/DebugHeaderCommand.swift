import ArgumentParser
import Edge
import Foundation
import Settings

struct DebugHeader: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug-header",
        abstract: "Make the field that has an edge tell why its answer is as it is.",
        discussion: """
            curl -si -H "$(squilla debug-header -c squilla.yaml http://shop.example/p/17)" http://shop.example/p/17

            The field is good for one path of one host, whatever the query, until it expires. It is signed with \
            edge.debug.secret, of the file or from SQUILLA_DEBUG_SECRET.
            """)

    @Argument(help: "http:// or https://, as it is asked for.") var url: String
    @Option(help: ArgumentHelp("How long it is good for; at most edge.debug.max_life_ms.", valueName: "seconds"))
    var life: Int64 = 600
    @Option(name: [.short, .long], help: "The configuration file that has the secret.") var config: String?

    func run() throws {
        guard let parts = URLComponents(string: url), let host = parts.percentEncodedHost, !host.isEmpty,
            ["http", "https"].contains(parts.scheme?.lowercased())
        else { throw ValidationError("expected http://HOST/PATH or https://HOST/PATH, found \"\(url)\"") }
        guard life > 0 else { throw ValidationError("--life: a positive number of seconds") }
        let expires = Int64(Date().timeIntervalSince1970) + life
        let value = DebugTicket.value(
            host: Array(host.utf8), path: Array(parts.percentEncodedPath.utf8), expires: expires, secret: try secret())
        print("\(DebugTicket.fieldName): \(value)")
    }

    private func secret() throws -> String {
        if let config {
            let section = try ServerOptions.parse(["-c", config]).settings().edge.debug
            guard let secret = section.secret else { throw Failure("\(config): edge.debug.secret: there is none") }
            guard life * 1000 <= section.maxLifeMilliseconds else {
                throw Failure("--life: longer than edge.debug.max_life_ms, \(section.maxLifeMilliseconds / 1000) s")
            }
            return secret
        }
        if let secret = ProcessInfo.processInfo.environment["SQUILLA_DEBUG_SECRET"], !secret.isEmpty { return secret }
        throw Failure("no secret: name the file with -c, or set SQUILLA_DEBUG_SECRET")
    }
}
