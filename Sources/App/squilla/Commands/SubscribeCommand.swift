import ArgumentParser
import Foundation

struct Subscribe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Subscribe to a live query, and print its rows as they come.",
        discussion: """
            squilla subscribe "SELECT url.path FROM requests WHERE http.response.status_code >= 500"
            squilla subscribe --client-id workers "SELECT client.ip FROM requests SAMPLE RPS 100"
            squilla subscribe --mql "select url.path where http.response.status_code >= 500"

            All subscribers with one query cost the server one. Those with the same --client-id share its rows; others
            get all. Rows over the caps are dropped, never waited with; what is lost is told on standard error.
            """)

    @Argument(help: "One SELECT; with --mql, a criterion in Mantis' query language.")
    var query: String

    @Flag(help: "The query is MQL (docs/from-mantis.md).")
    var mql = false

    @Option(help: ArgumentHelp("Connections with the same name share the rows.", valueName: "name"))
    var clientId: String?

    @Option(help: ArgumentHelp("The subscription's name, where a client has several.", valueName: "name"))
    var subscriptionId: String?

    @Option(help: ArgumentHelp("Rows a second, at most.", valueName: "count"))
    var eventsPerSecond: Int?

    @Option(help: ArgumentHelp("Bytes a second, at most.", valueName: "count"))
    var bytesPerSecond: Int?

    @Option(help: "table, json (an object a line) or csv.")
    var format = OutputFormat.json

    @OptionGroup var locator: ServerLocator

    func run() throws {
        var printer = RowPrinter(format: format, isLive: true)
        defer { printer.finish() }
        let reply = try locator.requiredClient().open("GET", target)
        try QueryCall.read(reply) { line in
            printer.print(line: line)
            return true
        } pieceEnded: {
            printer.flush()
        }
    }

    private var target: String {
        var parameters = [(mql ? "criterion" : "q", query), ("format", "ndjson")]
        if let clientId { parameters.append(("clientId", clientId)) }
        if let subscriptionId { parameters.append(("subscriptionId", subscriptionId)) }
        if let eventsPerSecond { parameters.append(("eventsPerSecond", "\(eventsPerSecond)")) }
        if let bytesPerSecond { parameters.append(("bytesPerSecond", "\(bytesPerSecond)")) }
        let allowed = CharacterSet(charactersIn: "-._~").union(.alphanumerics)
        let pairs = parameters.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? value)"
        }
        return "/api/v1/subscribe?" + pairs.joined(separator: "&")
    }
}
