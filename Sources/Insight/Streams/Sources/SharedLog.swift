import Columns
import EventLog
import SQL
import Synchronization

/// Ranges of a topic's offsets.
final class SharedLog: SharedScan {
    struct Piece {
        let partition: Int
        let offsets: Range<Int64>
    }

    let topic: String
    let schema: Schema
    private let log: EventLog
    private let columns: [String]
    fileprivate let metadata: [String: LogMetadata]
    private let times: Range<Int64>?
    private let pieces: Mutex<[Piece]>

    init(log: EventLog, info: TopicInfo, columns: Schema, times: Range<Int64>?, metadata: [String: LogMetadata]) {
        self.log = log
        self.topic = info.name
        self.schema = columns
        self.metadata = metadata
        self.columns = metadata.names(toRead: columns)
        self.times = times
        let rows = info.partitions.reduce(0) { $0 + $1.nextOffset - $1.firstOffset }
        let pieceRows = min(max(rows / 16, 1), 131_072)
        var pieces: [Piece] = []
        for partition in info.partitions {
            var offset = partition.firstOffset
            while offset < partition.nextOffset {
                let end = min(offset + pieceRows, partition.nextOffset)
                pieces.append(Piece(partition: partition.partition, offsets: offset..<end))
                offset = end
            }
        }
        self.pieces = Mutex(pieces.reversed())
    }

    func makeSource() throws(SQLError) -> any BatchSource { SharedLogSource(self) }

    fileprivate func nextReader() throws(SQLError) -> LogReader? {
        guard let piece = pieces.withLock({ $0.popLast() }) else { return nil }
        var options = ReadOptions(columns: columns, times: times, endOffset: piece.offsets.upperBound)
        options.keepsTypes = true
        do throws(LogError) {
            return try log.read(
                topic: topic, partition: piece.partition, from: .offset(piece.offsets.lowerBound), options: options)
        } catch {
            throw SQLError(reading: topic, error)
        }
    }
}

private final class SharedLogSource: BatchSource {
    private let shared: SharedLog
    private var reader: LogReader?
    private(set) var progress = ScanProgress()

    init(_ shared: SharedLog) { self.shared = shared }

    func next() throws(SQLError) -> Batch? {
        while true {
            if reader == nil { reader = try shared.nextReader() }
            guard let reader else { return nil }
            let found: LogBatch?
            do throws(LogError) {
                found = try reader.next(maximumRows: 8_192)
            } catch {
                throw SQLError(reading: shared.topic, error)
            }
            guard let found else {
                self.reader = nil
                continue
            }
            progress.rows += found.batch.rowCount
            progress.bytes += found.batch.memoryBytes
            return found.conformed(to: shared.schema, shared.metadata)
        }
    }
}
