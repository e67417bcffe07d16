import ArgumentParser

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Send a real access log's requests to a server, with the pauses they had.")

    @Argument(help: "The access log, in the combined or common format.")
    var file: String

    @Option(help: ArgumentHelp("Where to send them.", valueName: "url"))
    var target: String

    @Option(help: "Times as fast as it was, such as 10x, or max.")
    var speed = "1x"

    @Option(help: "Requests under way at once.")
    var concurrency = 32

    func run() throws {
        guard let factor = ReplaySettings.speed(speed) else {
            throw ValidationError("--speed: expected 10x, 0.5x or max, found \"\(speed)\"")
        }
        guard (1...ReplaySettings.concurrencyMost).contains(concurrency) else {
            throw ValidationError("--concurrency: from 1 to \(ReplaySettings.concurrencyMost)")
        }
        var settings = ReplaySettings(target: target)
        settings.speed = factor
        settings.concurrency = concurrency
        let replay: Replay
        do {
            replay = try Replay(settings, source: try AccessLogSource(path: file))
        } catch {
            throw Failure("\(error)")
        }
        let summary = try replay.run { sent, failed in
            StandardError.write(line: "\(sent) sent\(failed > 0 ? ", \(failed) failed" : "")")
        }
        StandardOutput.write(line: summary.text)
        StandardOutput.flush()
        throw ExitCode(summary.exitCode)
    }
}
