import Columns
public import EventLog
import Foundation
import Runtime

/// What an append answers.
struct AppendAnswer: Encodable {
    var topic: String
    var partition: Int
    var first_offset: Int64
    var last_offset: Int64
    var count: Int64

    init(_ receipt: AppendReceipt) {
        topic = receipt.topic
        partition = receipt.partition
        first_offset = receipt.firstOffset
        last_offset = receipt.lastOffset
        count = receipt.lastOffset - receipt.firstOffset + 1
    }
}

/// Appends JSON lines to a topic: makes it if it is new, infers and widens its schema, and keeps what does not fit.
public struct TopicAppender: Sendable {
    private let log: EventLog
    /// Of topics that are made here.
    private let settings: TopicSettings

    public init(log: EventLog, settings: TopicSettings) {
        self.log = log
        self.settings = settings
    }

    /// Appends all lines, or none. Blocks for parsing; `completion` comes from the log's thread.
    /// - Throws: 400 naming the line that is no JSON object, 404, 413.
    func append(
        _ lines: [UInt8], to topic: String, partition: Int, durability: Durability?,
        completion: @escaping @Sendable (Result<AppendAnswer, APIError>) -> Void
    ) throws(APIError) {
        let partitions = log.topic(topic)?.partitions.count ?? settings.partitions
        guard partition < partitions else {
            // Before the topic is made, or made wider, for nothing.
            throw APIError(LogError(.unknownPartition, "partition \(partition) of \(partitions)", at: topic))
        }
        let batch = try parse(lines, topic)
        log.append(batch, to: topic, partition: partition, durability: durability) { result in
            completion(result.map(AppendAnswer.init).mapError { APIError($0) })
        }
    }

    /// Appends and waits for the promise; the answer is its JSON line.
    public func appendAndWait(_ lines: [UInt8], to topic: String, durability: Durability) throws(APIError) -> [UInt8] {
        let outcome = Monitor<Result<AppendAnswer, APIError>?>(nil)
        try append(lines, to: topic, partition: 0, durability: durability) { result in outcome.update { $0 = result } }
        guard let result = outcome.wait({ $0 }) else { return [] }
        let answer = try result.get()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(answer)).map { [UInt8]($0) } ?? []) + [0x0A]
    }

    /// Reads all lines into one batch of the topic's schema, which grows first where it must.
    private func parse(_ lines: [UInt8], _ topic: String) throws(APIError) -> Batch {
        let known = log.topic(topic)?.schema
        let schema = Self.schema(of: lines, known: known)
        var (batch, unfitValues) = try Self.read(lines, schema)
        if unfitValues > 0, schema.index(of: NDJSONReader.unfitColumn) == nil {
            let wider = Schema(schema.fields + [Field(NDJSONReader.unfitColumn, .json)])
            (batch, unfitValues) = try Self.read(lines, wider)
        }
        batch = Self.stamped(batch, now: SystemClock().now())
        if known != batch.schema {
            do throws(LogError) {
                if known == nil {
                    try log.createTopic(topic, settings: settings, schema: batch.schema)
                } else {
                    try log.widenTopic(topic, with: batch.schema)
                }
            } catch {
                throw APIError(error)
            }
        }
        return batch
    }

    /// The topic's fields, integers widened to doubles where doubles come, then the new ones. A known field keeps its
    /// type otherwise: what does not fit goes to `_unfit`, and queries that add it up go on working.
    static func schema(of lines: [UInt8], known: Schema?) -> Schema {
        let found = SchemaInference.fields(ofNDJSON: lines.span)
        var fields = known?.fields ?? []
        // A topic without columns was made by a job that waits for its events.
        if fields.isEmpty { fields = [Field(timestampField, .timestamp)] }
        for field in found.schema.fields {
            guard let index = fields.firstIndex(where: { $0.name == field.name }) else {
                guard fields.count < maximumColumns, field.name.utf8.count <= maximumNameBytes else { continue }
                let isUnfit = field.name == NDJSONReader.unfitColumn
                fields.append(isUnfit ? Field(field.name, .json) : field)
                continue
            }
            // Text among the numbers of a request takes nothing from them.
            if fields[index].type == .int64, found.fractional.contains(field.name) { fields[index].type = .float64 }
        }
        return Schema(fields)
    }

    private static func read(_ lines: [UInt8], _ schema: Schema) throws(APIError) -> (Batch, unfitValues: Int) {
        var options = NDJSONOptions()
        options.collectsUnknown = true
        options.keepsIntegersExact = true
        // One batch, so that the log takes all of it or nothing.
        options.batchRows = lines.reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
        guard options.batchRows <= maximumRows else {
            throw APIError(413, "too_large", "more than \(maximumRows) lines in one request; send them in several")
        }
        var reader = NDJSONReader(schema: schema, options: options)
        reader.feed(lines.span)
        reader.finish()
        if let problem = reader.report.problems.first {
            throw .badRequest("\(problem); nothing was appended")
        }
        guard let batch = reader.nextBatch() else {
            throw .badRequest("there is no event: expected a JSON object a line")
        }
        return (batch, reader.report.unfitValues + reader.report.unknownValues)
    }

    /// Events without a time get that of their arrival.
    private static func stamped(_ batch: Batch, now: Int64) -> Batch {
        guard let index = batch.schema.index(of: timestampField), let validity = batch.columns[index].validity,
            var times = batch.columns[index].int64s
        else { return batch }
        for row in times.indices where !validity[row] { times[row] = now }
        var columns = batch.columns
        columns[index] = Column(type: .timestamp, count: times.count, validity: nil, storage: .int64(times))
        return Batch(schema: batch.schema, rowCount: batch.rowCount, columns: columns)
    }

    /// Of one request; a frame of the log may hold four times as many.
    private static let maximumRows = 1 << 18
    /// That appended events make. Other names, and longer ones, are kept in `_unfit`, for which the log has room.
    private static let maximumColumns = 1500
    private static let maximumNameBytes = 256
    private static let timestampField = "@timestamp"
}
