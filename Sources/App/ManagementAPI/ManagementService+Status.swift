import Columns
import Edge
import EventLog
import Foundation
import Streams

extension ManagementService {
    func serveStatus(_ responder: Responder) {
        let edge = context.edge()
        let log = context.log.counters
        let status = StatusDocument(
            version: context.version, pid: getpid(),
            edge: .init(
                name: edge.name, addresses: edge.addresses, workers: edge.workers, origins: edge.origins,
                requests: edge.counters.requests, open_connections: edge.counters.openConnections,
                recorded_events: edge.counters.recordedEvents, dropped_events: edge.counters.droppedEvents),
            cache: edge.cache,
            log: .init(
                appended_rows: log.appendedRows, appended_bytes: log.appendedBytes, dropped_rows: log.droppedRows,
                failed_rows: log.failedRows, queued_bytes: log.queuedBytes,
                latest_failure: log.latestFailure?.description),
            topics: context.log.topics.map(TopicDocument.init), running_queries: context.queries.runningQueries)
        respond(responder, status)
    }

    func serveTopics(_ responder: Responder) { respond(responder, context.log.topics.map(TopicDocument.init)) }

    func serveReload(_ responder: Responder) {
        onWorker("reload", responder) { [self] () throws(APIError) in
            switch context.reload() {
            case .success(let report): respond(responder, ["need_restart": report.needRestart])
            case .failure(let failure): throw APIError(400, "invalid_configuration", failure.message)
            }
        }
    }

    func respond(_ responder: Responder, status: Int = 200, _ document: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let body = (try? encoder.encode(document)).map { [UInt8]($0) + [0x0A] } ?? Array("{}\n".utf8)
        responder.respond(status: status, headers: Self.json, body: body)
    }
}

/// The members are the API's names.
private struct StatusDocument: Encodable {
    struct EdgePart: Encodable {
        var name: String
        var addresses: [String]
        var workers: Int
        var origins: [String]
        var requests: Int64
        var open_connections: Int64
        var recorded_events: Int64
        var dropped_events: Int64
    }

    struct LogPart: Encodable {
        var appended_rows: Int
        var appended_bytes: Int
        var dropped_rows: Int
        var failed_rows: Int
        var queued_bytes: Int
        var latest_failure: String?
    }

    var version: String
    var pid: Int32
    var edge: EdgePart
    var cache: CacheFacts
    var log: LogPart
    var topics: [TopicDocument]
    var running_queries: Int
}

struct TopicDocument: Encodable {
    struct Column: Encodable {
        var name: String
        var type: String
    }

    struct Partition: Encodable {
        var partition: Int
        var first_offset: Int64
        var next_offset: Int64
        var bytes: Int
        var segments: Int
    }

    var name: String
    var durability: String
    var columns: [Column]
    var partitions: [Partition]

    init(_ topic: TopicInfo) {
        name = topic.name
        durability = topic.settings.durability.rawValue
        columns = topic.schema.fields.map { Column(name: $0.name, type: "\($0.type)") }
        partitions = topic.partitions.map {
            Partition(
                partition: $0.partition, first_offset: $0.firstOffset, next_offset: $0.nextOffset, bytes: $0.bytes,
                segments: $0.segments)
        }
    }
}
