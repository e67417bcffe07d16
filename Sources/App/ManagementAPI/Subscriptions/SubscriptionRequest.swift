import Edge
import Streams

/// What a client of `/api/v1/subscribe` asks for.
struct SubscriptionRequest {
    enum Format: Hashable { case lines, serverSentEvents }

    var query: QueryRequest
    var format = Format.serverSentEvents
    /// Connections of one client share its rows.
    var clientID: String?
    var subscriptionID: String?
    var eventsPerSecond: Int
    var bytesPerSecond: Int

    private static let known = [
        "q", "criterion", "clientId", "subscriptionId", "format", "eventsPerSecond", "bytesPerSecond",
    ]

    /// - Throws: 400 naming the parameter at fault.
    init(_ request: HTTPRequest, limits: SubscriptionLimits) throws(APIError) {
        let values = QueryString(request.query)
        if let unknown = values.names.sorted().first(where: { !Self.known.contains($0) }) {
            throw .badRequest("unknown parameter \"\(unknown)\"; known: \(Self.known.joined(separator: ", "))")
        }
        switch (values["q"], values["criterion"]) {
        case (let text?, nil): query = QueryRequest(Self.trimmed(text), mode: .live)
        case (nil, let text?):
            query = QueryRequest(Self.trimmed(text), mode: .live)
            query.language = .mql
        case (nil, nil): throw .badRequest("q is missing: /api/v1/subscribe?q=SELECT…, or criterion=select… in MQL")
        default: throw .badRequest("q (SQL) and criterion (MQL) exclude each other")
        }
        clientID = try Self.name("clientId", values["clientId"])
        subscriptionID = try Self.name("subscriptionId", values["subscriptionId"])
        eventsPerSecond = try Self.rate(
            "eventsPerSecond", values["eventsPerSecond"], default: limits.eventsPerSecond, from: 1,
            to: limits.maximumEventsPerSecond)
        bytesPerSecond = try Self.rate(
            "bytesPerSecond", values["bytesPerSecond"], default: limits.bytesPerSecond, from: 1024,
            to: limits.maximumBytesPerSecond)
        switch values["format"] {
        case nil: if request.header("Accept")?.contains("application/x-ndjson") ?? false { format = .lines }
        case "ndjson": format = .lines
        case "sse": format = .serverSentEvents
        case let other?: throw .badRequest("format: expected sse or ndjson, found \"\(other)\"")
        }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text.drop { $0 == " " })
    }

    private static func name(_ parameter: String, _ text: String?) throws(APIError) -> String? {
        guard let text else { return nil }
        guard !text.isEmpty, text.utf8.count <= 256 else {
            throw .badRequest("\(parameter): expected 1 to 256 bytes")
        }
        return text
    }

    private static func rate(
        _ name: String, _ text: String?, default value: Int, from low: Int, to high: Int
    ) throws(APIError) -> Int {
        guard let text else { return min(value, high) }
        guard let number = Int(text), number >= low, number <= high else {
            throw .badRequest("\(name): expected a number from \(low) to \(high), found \"\(text)\"")
        }
        return number
    }
}
