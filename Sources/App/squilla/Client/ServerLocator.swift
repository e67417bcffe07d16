import ArgumentParser
import Foundation
import Settings

/// What `squilla up` leaves in the data folder so that other commands, and tests, find it: `server.json`.
struct ServerFacts: Codable {
    var pid: Int32
    var edge: [String]
    var management: String

    static func path(in dataFolder: String) -> String { dataFolder + "/server.json" }

    /// The server that runs on this folder; nil where none does.
    static func running(in dataFolder: String) -> ServerFacts? {
        guard let data = FileManager.default.contents(atPath: path(in: dataFolder)),
            let facts = try? JSONDecoder().decode(ServerFacts.self, from: data)
        else { return nil }
        return kill(facts.pid, 0) == 0 || errno == EPERM ? facts : nil
    }

    /// Replaces the file whole, so that no reader sees half of it.
    func write(in dataFolder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: Self.path(in: dataFolder)), options: .atomic)
    }

    static func remove(in dataFolder: String) { unlink(path(in: dataFolder)) }
}

/// Which server, or which folder, a command speaks to.
struct ServerLocator: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The management address of a running server; else the one that runs on --data.", valueName: "host:port"))
    var server: String?

    @Option(help: ArgumentHelp("The data folder.", valueName: "dir"))
    var data: String = Settings().dataFolder

    @Option(help: ArgumentHelp("The API's token; else SQUILLA_TOKEN.", valueName: "token"))
    var token: String?

    /// A client for the server that is named, or that runs on the folder; nil where none does.
    func client() throws -> APIClient? {
        let secret = token ?? ProcessInfo.processInfo.environment["SQUILLA_TOKEN"]
        if let server {
            let text = server.hasPrefix("http://") ? String(server.dropFirst(7)) : server
            guard let endpoint = Endpoint(text.hasSuffix("/") ? String(text.dropLast()) : text) else {
                throw ValidationError("--server: expected HOST:PORT, found \"\(server)\"")
            }
            return APIClient(host: endpoint.host, port: endpoint.port, token: secret)
        }
        guard let facts = ServerFacts.running(in: data),
            let endpoint = Endpoint(String(facts.management.dropFirst("http://".count)))
        else { return nil }
        return APIClient(
            host: endpoint.host == "0.0.0.0" ? "127.0.0.1" : endpoint.host, port: endpoint.port, token: secret)
    }

    /// A client, or a failure that says how to get a server.
    func requiredClient() throws -> APIClient {
        if let client = try client() { return client }
        throw Failure("no server runs on \(data); start one with `squilla up`, or name one with --server HOST:PORT")
    }
}
