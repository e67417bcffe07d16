import Columns
import Runtime
import SQL

/// What the readers of text formats have in common: bytes in, batches out.
protocol BatchReader: ~Copyable {
    mutating func feed(_ bytes: Span<UInt8>)
    mutating func finish()
    mutating func flush()
    mutating func nextBatch() -> Batch?
    var report: ReadReport { get }
}

extension NDJSONReader: BatchReader {}
extension CSVReader: BatchReader {}
extension CombinedLogReader: BatchReader {}

/// Reads a file, or what comes through a pipe, piece by piece.
final class FileSource<Reader: BatchReader & ~Copyable>: BatchSource {
    /// A piece of the file, read at a time.
    private static var pieceBytes: Int { 256 << 10 }

    private let file: SequentialFile
    private var reader: Reader
    /// Bytes that were read before, to look at.
    private var head: [UInt8]
    private var buffer: [UInt8] = []
    /// Rows of a pipe are handed on as they come, not when a batch is full.
    private let isInteractive: Bool
    private var isAtEnd = false
    private(set) var progress = ScanProgress()

    init(file: SequentialFile, head: [UInt8], reader: consuming Reader, isInteractive: Bool) {
        self.file = file
        self.head = head
        self.reader = reader
        self.isInteractive = isInteractive
    }

    func next() throws(SQLError) -> Batch? {
        while true {
            if let batch = reader.nextBatch() {
                progress.rows += batch.rowCount
                return batch
            }
            if isAtEnd { return nil }
            try readPiece()
        }
    }

    private func readPiece() throws(SQLError) {
        if !head.isEmpty {
            progress.bytes += head.count
            reader.feed(head.span)
            head = []
        } else {
            var buffer = take(&buffer)
            if buffer.isEmpty { buffer = Array(repeating: 0, count: Self.pieceBytes) }
            let count: Int
            do throws(StorageError) {
                count = try file.read(into: &buffer, 0..<buffer.count)
            } catch {
                throw SQLError(code: .sourceFailed, message: "\(error)")
            }
            progress.bytes += count
            if count == 0 {
                isAtEnd = true
                reader.finish()
            } else {
                reader.feed(buffer.span.extracting(0..<count))
                if isInteractive { reader.flush() }
            }
            self.buffer = buffer
        }
        progress.badRows = reader.report.malformedLines
    }
}
