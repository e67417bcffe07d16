import Columns
import EventLog
import SQL

/// Reads what a topic holds: each partition in the order of its offsets; of several partitions, the frame with the
/// earliest event time comes first.
final class LogSource: BatchSource {
    private final class Partition {
        let reader: LogReader
        let number: Int
        var held: LogBatch?
        var heldPiece: LogPiece?
        /// The offset after the last row handed out.
        var nextOffset: Int64
        var isAtEnd = false

        init(reader: LogReader, number: Int, nextOffset: Int64) {
            self.reader = reader
            self.number = number
            self.nextOffset = nextOffset
        }
    }

    private let partitions: [Partition]
    private let topic: String
    private let schema: Schema
    private let timeName: String?
    private let metadata: [String: LogMetadata]
    private(set) var progress = ScanProgress()
    /// The partition and the offsets of the last batch handed out.
    private(set) var lastRead: (partition: Int, offsets: Range<Int64>)?

    /// - Parameters:
    ///   - columns: the columns wanted.
    ///   - times: event times wanted; rows outside may come all the same.
    ///   - isBounded: reads what is there now and no more.
    ///   - offsets: where to begin, by partition; the others begin at `position`.
    init(
        log: EventLog, topic: String, columns: Schema, timeName: String?, times: Range<Int64>?, isBounded: Bool,
        metadata: [String: LogMetadata] = [:], offsets: [Int: Int64] = [:], from position: LogPosition = .earliest
    ) throws(SQLError) {
        self.topic = topic
        self.schema = columns
        self.metadata = metadata
        self.timeName = timeName.flatMap { columns.index(of: $0) == nil ? nil : $0 }
        guard let info = log.topic(topic) else {
            throw SQLError(code: .unknownTable, message: "there is no topic \(topic)")
        }
        var partitions: [Partition] = []
        do throws(LogError) {
            for partition in info.partitions {
                var options = ReadOptions()
                options.columns = metadata.names(toRead: columns)
                options.keepsTypes = true
                options.times = times
                options.endOffset = isBounded ? partition.nextOffset : nil
                let known = offsets[partition.partition]
                let begin = known ?? (position == .latest ? partition.nextOffset : partition.firstOffset)
                let reader = try log.read(
                    topic: topic, partition: partition.partition, from: .offset(begin), options: options)
                partitions.append(Partition(reader: reader, number: partition.partition, nextOffset: begin))
            }
        } catch {
            throw SQLError(reading: topic, error)
        }
        self.partitions = partitions
    }

    /// At the end it gives `nil`, and goes on when asked again after more has been appended.
    func next() throws(SQLError) -> Batch? {
        if partitions.count == 1 { return try take(from: partitions[0]) }
        var best: Partition?
        var bestTime = Int64.max
        for partition in partitions {
            if partition.held == nil { partition.held = try read(partition) }
            guard let held = partition.held else { continue }
            let time = firstTime(held.batch)
            if best == nil || time < bestTime {
                best = partition
                bestTime = time
            }
        }
        guard let best else { return nil }
        return try take(from: best)
    }

    /// The next rows for another thread to decode. Who asks for pieces asks for no batches.
    func nextPiece() throws(SQLError) -> LogPiece? {
        var best: Partition?
        for partition in partitions {
            if partition.heldPiece == nil { partition.heldPiece = try readPiece(partition) }
            guard let held = partition.heldPiece else { continue }
            if held.earliestTime < best?.heldPiece?.earliestTime ?? .max || best == nil { best = partition }
        }
        guard let best, let piece = best.heldPiece else { return nil }
        best.heldPiece = nil
        best.nextOffset = piece.offsets.upperBound
        return piece
    }

    /// The rows of a piece in the columns that this was made for.
    ///
    /// - Returns: `nil` where what is stored is damaged.
    func decode(_ piece: LogPiece, with reader: LogPieceReader) throws(SQLError) -> Batch? {
        do throws(LogError) {
            return try reader.read(piece)?.conformed(to: schema, metadata)
        } catch {
            throw SQLError(reading: topic, error)
        }
    }

    /// The offset up to which each partition has been handed out.
    var nextOffsets: [Int: Int64] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0.number, $0.nextOffset) })
    }

    private func take(from partition: Partition) throws(SQLError) -> Batch? {
        let held = partition.held
        partition.held = nil
        var taken = held
        if taken == nil { taken = try read(partition) }
        guard let taken else { return nil }
        partition.nextOffset = taken.nextOffset
        lastRead = (partition.number, taken.nextOffset - Int64(taken.batch.rowCount)..<taken.nextOffset)
        progress.rows += taken.batch.rowCount
        progress.bytes += taken.batch.memoryBytes
        return taken.conformed(to: schema, metadata)
    }

    private func read(_ partition: Partition) throws(SQLError) -> LogBatch? {
        do throws(LogError) {
            return try partition.reader.next(maximumRows: 8_192)
        } catch {
            throw SQLError(reading: topic, error)
        }
    }

    private func readPiece(_ partition: Partition) throws(SQLError) -> LogPiece? {
        do throws(LogError) {
            return try partition.reader.nextPiece(maximumRows: 8_192)
        } catch {
            throw SQLError(reading: topic, error)
        }
    }

    private func firstTime(_ batch: Batch) -> Int64 {
        guard let timeName, let column = batch.column(timeName), column.count > 0 else { return .min }
        let first = column.type == .timestamp ? column : column.slice(0..<1).read(as: .timestamp)
        return first?.int64s?.first ?? .min
    }
}

extension SQLError {
    init(reading table: String, _ error: LogError) {
        self.init(code: .sourceFailed, message: "\(table) can't be read: \(error.what) (\(error.where))")
    }
}
