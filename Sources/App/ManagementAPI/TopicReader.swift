import Columns
public import EventLog

/// A partition's events as JSON lines.
public final class TopicReader {
    private let reader: LogReader
    private var writer: JSONWriter

    /// - Throws: in words for the one who asked.
    public convenience init(
        log: EventLog, topic: String, partition: Int, from text: String
    ) throws(APIError) {
        try self.init(log, topic: topic, partition: partition, from: Self.position(text))
    }

    init(_ log: EventLog, topic: String, partition: Int, from position: LogPosition) throws(APIError) {
        do throws(LogError) {
            reader = try log.read(topic: topic, partition: partition, from: position)
        } catch {
            throw error.code == .unknownTopic ? .unknownTopic(topic, in: log) : APIError(error)
        }
        writer = JSONWriter(names: reader.schema.fields.map(\.name))
    }

    /// The next lines and how many they are; nil at the end.
    public func next(maximumRows: Int) throws(APIError) -> (lines: [UInt8], rows: Int)? {
        do throws(LogError) {
            guard let next = try reader.next(maximumRows: min(maximumRows, 8192)) else { return nil }
            writer.append(next.batch, prefix: "", suffix: "\n")
            return (writer.take(), next.batch.rowCount)
        } catch {
            throw APIError(error)
        }
    }

    /// `earliest`, `latest` or an offset.
    static func position(_ text: String) throws(APIError) -> LogPosition {
        switch text {
        case "earliest": return .earliest
        case "latest": return .latest
        default:
            guard let offset = Int64(text), offset >= 0 else {
                throw .badRequest("from: expected earliest, latest or an offset, found \"\(text)\"")
            }
            return .offset(offset)
        }
    }
}
