import Columns
import Edge
import Glibc
import Reactor
import Synchronization
import Upstream

/// An edge on ephemeral ports whose events the test can read.
final class TestEdge: Sendable {
    let server: EdgeServer
    let port: UInt16
    let servicePort: UInt16
    private let batches: Events

    private final class Events: Sendable {
        let list = Mutex<[Batch]>([])
    }

    init(
        origin: UInt16?, service: (any HTTPService)? = nil, _ change: (inout EdgeSettings) -> Void = { _ in },
        listener: (inout EdgeListener) -> Void = { _ in }
    ) throws {
        var settings = EdgeSettings()
        settings.eventHandOverMilliseconds = 20
        settings.workers = 2
        settings.name = "test-edge"
        if let origin {
            settings.origins = [
                EdgeOrigin(
                    name: "main", endpoints: [OriginSettings(name: "main", host: "127.0.0.1", port: origin)])
            ]
        }
        change(&settings)
        let events = Events()
        batches = events
        var listeners = [EdgeListener(address: .loopback(port: 0), kind: .proxy)]
        listener(&listeners[0])
        if let service { listeners.append(EdgeListener(address: .loopback(port: 0), kind: .service(service))) }
        server = try EdgeServer(
            settings: settings, listeners: listeners,
            eventSink: EventSink { batch, completion in
                events.list.withLock { $0.append(batch) }
                completion(true)
            })
        try server.start()
        port = server.addresses[0].port
        servicePort = service == nil ? 0 : server.addresses[1].port
    }

    deinit { server.stop() }

    func connect() throws -> WireSocket { try WireSocket.connect(port) }

    /// One request on a connection of its own.
    func get(_ path: String, _ fields: String = "", method: String = "GET") throws -> WireResponse {
        try connect().get(path, fields, method: method)
    }

    /// The events so far as texts by field, nulls left out, in order of their time.
    var events: [[String: String]] {
        batches.list.withLock { $0 }.flatMap { EventText.rows($0) }
            .sorted { Int64($0["@timestamp"] ?? "0") ?? 0 < Int64($1["@timestamp"] ?? "0") ?? 0 }
    }

    /// Waits for this many events.
    func events(_ count: Int) -> [[String: String]] {
        for _ in 0..<2_000 {
            let found = events
            if found.count >= count { return found }
            usleep(5_000)
        }
        return events
    }

    /// The event of the first request for `path`, once it is there.
    func event(of path: String) -> [String: String]? {
        for _ in 0..<2_000 {
            if let found = events.first(where: { $0["url.path"] == path }) { return found }
            usleep(5_000)
        }
        return nil
    }
}

enum EventText {
    static func rows(_ batch: Batch) -> [[String: String]] {
        (0..<batch.rowCount).map { row in
            var fields: [String: String] = [:]
            for (field, column) in zip(batch.schema.fields, batch.columns) where !column.isNull(row) {
                fields[field.name] = text(column, row)
            }
            return fields
        }
    }

    private static func text(_ column: Column, _ row: Int) -> String {
        switch column.storage {
        case .bool(let values): "\(values[row])"
        case .int64(let values): "\(values[row])"
        case .float64(let values): "\(values[row])"
        case .byteStrings(let values): values.string(row)
        case .dictionary(let codes, let values): values.string(Int(codes[row]))
        case .ip(let values): "\(values[row])"
        case .decimal(let values): "\(values[row])"
        }
    }
}
