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

    private func parse(_ lines: [UInt8], _ topic: String) throws(APIError) -> Batch {
        throw .badRequest("\(topic) \(lines.count)")
    }
}
