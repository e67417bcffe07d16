import Columns
import Runtime
import SQL
import Synchronization

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
