import ArgumentParser
import Edge
import Foundation
import Reactor

struct ExplainRequest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain-request",
        abstract:
            "Say what becomes of a request: which rules fire and why others don't, its origin, its cache key, hit or miss.",
        discussion: """
            squilla explain-request http://shop.example/p/17 -H 'Cookie: staff=1'
            squilla explain-request -c squilla.yaml http://shop.example/p/17 --status 200 -R 'Cache-Control: no-store'

            A running server is asked what its cache has; with -c the file says what a server that has just started would \
            do. No origin is asked, and no throttle counts it. Rules of fetch and deliver that depend on the answer are told \
            of one with --status and -R.
            """)

    @Argument(help: "http:// or https://, as a client asks for it.") var url: String
    @Option(name: [.customShort("X"), .long], help: "The method.") var method = "GET"
    @Option(name: [.customShort("H"), .long], help: ArgumentHelp("A field of the request.", valueName: "name: value"))
    var header: [String] = []
    @Option(help: ArgumentHelp("Where it comes from.", valueName: "ip")) var client = "127.0.0.1"
    @Option(help: "What the origin might answer.") var status: Int?
    @Option(name: [.customShort("R"), .long], help: ArgumentHelp("A field of that answer.", valueName: "name: value"))
    var answerHeader: [String] = []
    @Flag(help: "As JSON.") var json = false
    @Option(name: [.short, .long], help: "Ask this configuration file instead of a running server.") var config: String?
    @OptionGroup var locator: ServerLocator

    func run() throws {
        let bytes = try config.map { try explain(file: $0) } ?? ask(locator.requiredClient())
        defer { StandardOutput.flush() }
        guard !json else { return StandardOutput.write(bytes) }
        ExplanationText(try JSONDecoder().decode(RequestExplanation.self, from: Data(bytes))).print()
    }

    private func ask(_ client: APIClient) throws -> [UInt8] {
        var members: [String: Any] = [
            "url": url, "method": method, "headers": header, "client": self.client, "answer_headers": answerHeader,
        ]
        if let status { members["status"] = status }
        return try client.open(
            "POST", "/api/v1/explain", body: [UInt8](try JSONSerialization.data(withJSONObject: members)),
            headers: [("Content-Type", "application/json")]
        ).readAll(limit: 64 << 20)
    }

    private func explain(file: String) throws -> [UInt8] {
        let settings = try ServerOptions.parse(["-c", file]).settings().edgeSettings()
        guard let address = SocketAddress(numeric: client, port: 0) else {
            throw ValidationError("--client: expected an IP address, found \"\(client)\"")
        }
        var question = RequestQuestion(url: url, client: address)
        question.method = method
        question.headers = try header.map { try Self.field($0, "-H") }
        if let status = status ?? (answerHeader.isEmpty ? nil : 200) {
            question.answer = (status, try answerHeader.map { try Self.field($0, "-R") })
        }
        var explainer = RequestExplainer(
            question, settings: settings, cache: nil, now: Int64(Date().timeIntervalSince1970 * 1_000_000))
        do throws(RequestQuestion.Fault) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
            let explanation = try explainer.explain()
            return ((try? encoder.encode(explanation)).map { [UInt8]($0) } ?? []) + [0x0A]
        } catch {
            throw Failure(error.message)
        }
    }

    private static func field(_ line: String, _ flag: String) throws -> (name: String, value: String) {
        guard let field = RequestQuestion.header(line) else {
            throw ValidationError("\(flag): expected 'NAME: VALUE', found \"\(line)\"")
        }
        return field
    }
}
