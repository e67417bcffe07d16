import Bytes
import Glibc

/// One request as `squilla tail` prints it: time, status, method, address, cache, duration, size, client.
struct RequestLine {
    /// What a query has to select for it.
    static let columns = """
        `@timestamp`, http.response.status_code, http.request.method, url.domain, url.path, url.query, cache.status, \
        event.duration, http.response.bytes, client.ip, error.code
        """

    private static let widestTarget = 200

    let isColored: Bool

    init(isColored: Bool) {
        self.isColored = isColored
    }

    func render(_ row: JSONRow) -> String {
        let status = text(row, "http.response.status_code") ?? "–"
        let cache = text(row, "cache.status") ?? "–"
        var parts = [
            paint(Self.localTime(text(row, "@timestamp") ?? ""), .dim),
            paint(status.padded(to: 3, alignRight: true), Self.color(ofStatus: status)),
            (text(row, "http.request.method") ?? "–").padded(to: 4, alignRight: false),
            paint(cache.padded(to: 11, alignRight: false), Self.color(ofCache: cache)),
            Self.duration(text(row, "event.duration")).padded(to: 8, alignRight: true),
            Self.size(text(row, "http.response.bytes")).padded(to: 8, alignRight: true),
            paint((text(row, "client.ip") ?? "–").padded(to: 15, alignRight: false), .dim),
            target(row),
        ]
        if let error = text(row, "error.code"), !error.isEmpty { parts.append(paint(error, .red)) }
        return parts.joined(separator: " ")
    }

    private func target(_ row: JSONRow) -> String {
        var target = paint(text(row, "url.domain") ?? "", .dim) + (text(row, "url.path") ?? "")
        if let query = text(row, "url.query"), !query.isEmpty { target += "?" + query }
        return target.count > Self.widestTarget ? target.prefix(Self.widestTarget - 1) + "…" : target
    }

    /// What clients sent is shown with control characters made visible; nil for NULL.
    private func text(_ row: JSONRow, _ name: String) -> String? {
        guard let cell = row[name], cell.kind != .null else { return nil }
        return cell.text.printable
    }

    // Forms

    /// `12:03:44.127` in the reader's time zone; as it came where it is not a time.
    static func localTime(_ iso: String) -> String {
        let bytes = Array(iso.utf8)
        guard let microseconds = TimeParser.iso8601(bytes.span) else { return iso }
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let fields = [Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)].map { ($0 < 10 ? "0" : "") + "\($0)" }
        let milliseconds = String(1000 + microseconds / 1000 % 1000).dropFirst()
        return fields.joined(separator: ":") + "." + milliseconds
    }

    /// Three digits and a unit, from nanoseconds.
    static func duration(_ nanoseconds: String?) -> String {
        guard let value = nanoseconds.flatMap(Double.init) else { return "–" }
        if value < 999_500 { return threeDigits(value / 1e3) + " µs" }
        if value < 999_500_000 { return threeDigits(value / 1e6) + " ms" }
        return threeDigits(value / 1e9) + " s"
    }

    static func size(_ bytes: String?) -> String {
        guard var value = bytes.flatMap(Double.init) else { return "–" }
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 999.5 { return threeDigits(value) + " " + unit }
            value /= 1000
        }
        return threeDigits(value) + " TB"
    }

    private static func threeDigits(_ value: Double) -> String {
        let digits = value >= 99.95 || value == value.rounded() ? 0 : value >= 9.995 ? 1 : 2
        let scale = [1.0, 10, 100][digits]
        let whole = Int((value * scale).rounded())
        guard digits > 0 else { return String(whole) }
        let fraction = String(Int(scale) + whole % Int(scale)).dropFirst()
        return "\(whole / Int(scale)).\(fraction)"
    }

    // Colours

    private enum Color: String {
        case none = ""
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    private func paint(_ text: String, _ color: Color) -> String {
        isColored && color != .none ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }

    private static func color(ofStatus status: String) -> Color {
        switch status.first {
        case "2": .green
        case "3": .cyan
        case "4": .yellow
        case "5": .red
        default: .none
        }
    }

    private static func color(ofCache status: String) -> Color {
        switch status {
        case "hit", "collapsed": .green
        case "stale", "revalidated": .cyan
        case "miss": .yellow
        default: .dim
        }
    }
}
