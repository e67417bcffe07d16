import ArgumentParser

struct Tail: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow requests as they happen, one line each.",
        discussion:
            "The filter is a SQL condition over the events' fields (docs/events.md); it runs inside the edge process.")

    @Option(
        name: .customLong("where"), help: ArgumentHelp("Only requests for which this holds.", valueName: "condition"))
    var condition: String?

    @Option(help: ArgumentHelp("Begin with the stored requests of this time, such as 10m.", valueName: "duration"))
    var since: String?

    @Flag(inversion: .prefixedNo, help: "Colour; by default where standard output is a terminal.")
    var color: Bool?

    @OptionGroup var locator: ServerLocator

    func run() throws {
        let prefix = "SELECT \(RequestLine.columns) FROM requests WHERE "
        let query = prefix + (condition.map { "(\n\($0)\n)" } ?? "TRUE")
        let request = QueryCall(query: query, isLive: true, since: since)
        let printer = RequestLine(isColored: color ?? StandardOutput.isTerminal)
        do {
            try request.run(on: try locator.requiredClient()) { line in
                if let row = JSONRow(line) { StandardOutput.write(line: printer.render(row)) }
                return true
            } pieceEnded: {
                StandardOutput.flush()
            }
        } catch var failure as APIFailure {
            // The condition stands on lines of its own: its positions are its own, one line down.
            if let line = failure.line { failure.line = max(1, line - 1) }
            throw failure
        }
    }
}
