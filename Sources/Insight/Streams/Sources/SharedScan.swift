import Columns
import EventLog
import Runtime
import SQL
import Synchronization

/// A bounded table that several threads read together: each has a source of its own, which takes one piece of the
/// table after the other. The order of rows between pieces is lost.
protocol SharedScan: Sendable {
    func makeSource() throws(SQLError) -> any BatchSource
}

/// Whole lines of a file, in pieces.
final class SharedFile<Reader: BatchReader & ~Copyable>: SharedScan {
    private struct State {
        var rest: [UInt8] = []
        var isAtEnd = false
    }

    /// A line longer than this is handed on in parts, and refused by the reader.
    private static var maximumRestBytes: Int { 4 << 20 }

    private let file: SequentialFile
    private let pieceBytes: Int
    private let state = Mutex(State())
    private let makeReader: @Sendable () -> Reader

    init(file: SequentialFile, pieceBytes: Int, makeReader: @escaping @Sendable () -> Reader) {
        self.file = file
        self.pieceBytes = pieceBytes
        self.makeReader = makeReader
    }

    func makeSource() throws(SQLError) -> any BatchSource { SharedFileSource(self, reader: makeReader()) }

    /// Some whole lines into `piece`, in place of what it held.
    ///
    /// - Returns: how many bytes of it are lines; 0 at the end.
    func read(into piece: inout [UInt8]) throws(SQLError) -> Int {
        var failure: StorageError?
        let count = state.withLock { state -> Int in
            if state.isAtEnd { return 0 }
            let kept = state.rest.count
            if piece.count < kept + pieceBytes { piece = Array(repeating: 0, count: kept + pieceBytes) }
            piece.replaceSubrange(0..<kept, with: state.rest)
            state.rest.removeAll(keepingCapacity: true)
            var end = kept
            do throws(StorageError) {
                while end < piece.count {
                    let got = try file.read(into: &piece, end..<piece.count)
                    if got == 0 {
                        state.isAtEnd = true
                        return end
                    }
                    end += got
                }
            } catch {
                failure = error
                state.isAtEnd = true
                return 0
            }
            var lineEnd = end
            while lineEnd > 0, piece[lineEnd - 1] != 0x0a { lineEnd -= 1 }
            if lineEnd == 0, end >= Self.maximumRestBytes { lineEnd = end }
            state.rest.append(contentsOf: piece[lineEnd..<end])
            return lineEnd
        }
        if let failure { throw SQLError(code: .sourceFailed, message: "\(failure)") }
        // A line longer than a piece: go on until its end has come.
        return count == 0 && !isAtEnd ? try read(into: &piece) : count
    }

    private var isAtEnd: Bool { state.withLock { $0.isAtEnd } }
}

private final class SharedFileSource<Reader: BatchReader & ~Copyable>: BatchSource {
    private let shared: SharedFile<Reader>
    private var reader: Reader
    private var piece: [UInt8] = []
    private var isAtEnd = false
    private(set) var progress = ScanProgress()

    init(_ shared: SharedFile<Reader>, reader: consuming Reader) {
        self.shared = shared
        self.reader = reader
    }

    func next() throws(SQLError) -> Batch? {
        while true {
            if let batch = reader.nextBatch() {
                progress.rows += batch.rowCount
                return batch
            }
            if isAtEnd { return nil }
            var piece = take(&piece)
            let count = try shared.read(into: &piece)
            if count == 0 {
                isAtEnd = true
                reader.finish()
            } else {
                progress.bytes += count
                reader.feed(piece.span.extracting(0..<count))
            }
            progress.badRows = reader.report.malformedLines
            self.piece = piece
        }
    }
}

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
    private let times: Range<Int64>?
    private let pieces: Mutex<[Piece]>

    init(log: EventLog, info: TopicInfo, columns: Schema, times: Range<Int64>?) {
        self.log = log
        self.topic = info.name
        self.schema = columns
        self.columns = columns.fields.map(\.name).filter { info.schema.index(of: $0) != nil }
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
        let options = ReadOptions(columns: columns, times: times, endOffset: piece.offsets.upperBound)
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
            return found.batch.conformed(to: shared.schema)
        }
    }
}
