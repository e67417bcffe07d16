/// What came of a replay.
struct ReplaySummary: Sendable {
    /// Requests that were answered, by first digit of the status.
    var classes = [Int](repeating: 0, count: 6)
    /// Requests without an answer: refused, reset, timed out.
    var failed = 0
    var firstFailure: String?
    /// Lines that hold no request.
    var badLines = 0
    /// Sent more than a tenth of a second after their time.
    var late = 0
    var bytes = 0
    var elapsedNanoseconds: Int64 = 0
    var latency = LatencyHistogram()
    /// The target could not be reached at all, and the rest was not tried.
    var isUnreachable = false
    var wasStopped = false

    var answered: Int { classes.reduce(0, +) }
    var sent: Int { answered + failed }

    /// 0: every request was answered. 1: nothing was. 3: some were not, or it was stopped.
    var exitCode: Int32 {
        if answered == 0 { return 1 }
        return failed == 0 && !wasStopped ? 0 : 3
    }

    mutating func add(_ other: ReplaySummary) {
        for index in classes.indices { classes[index] += other.classes[index] }
        failed += other.failed
        firstFailure = firstFailure ?? other.firstFailure
        badLines += other.badLines
        late += other.late
        bytes += other.bytes
        latency.add(other.latency)
        isUnreachable = isUnreachable || other.isUnreachable
    }

    /// The summary for a person, a few lines.
    var text: String {
        let seconds = Double(elapsedNanoseconds) / 1e9
        let rate = seconds > 0 ? Int(Double(answered) / seconds) : 0
        var lines = [
            "\(sent) requests sent in \(Self.seconds(seconds)) s (\(rate)/s), \(RequestLine.size("\(bytes)")) received"
        ]
        let named = [(2, "2xx"), (3, "3xx"), (4, "4xx"), (5, "5xx")].filter { classes[$0.0] > 0 }.map {
            "\($0.1) \(classes[$0.0])"
        }
        if !named.isEmpty { lines.append("status    " + named.joined(separator: ", ")) }
        if let middle = latency.percentile(0.5), let high = latency.percentile(0.99) {
            lines.append("latency   p50 \(RequestLine.duration("\(middle)")), p99 \(RequestLine.duration("\(high)"))")
        }
        if failed > 0 { lines.append("no answer \(failed)" + (firstFailure.map { " (the first: \($0))" } ?? "")) }
        if badLines > 0 { lines.append("bad lines \(badLines), skipped") }
        if late > 0 {
            lines.append("late      \(late), sent over 0.1 s behind their time: raise --concurrency or lower --speed")
        }
        if isUnreachable { lines.append("The target could not be reached; the rest was not tried.") }
        return lines.joined(separator: "\n")
    }

    private static func seconds(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
