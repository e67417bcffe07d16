import Columns
import Runtime

/// Events of one frame of a partition that nobody has decoded yet.
public struct LogPiece: Sendable {
    enum Content: Sendable {
        case tail(TailBuffer.Frame)
        case disk(any StorageFile, FrameHeader, position: Int)
    }

    let topic: String
    public let partition: Int
    public let offsets: Range<Int64>
    let content: Content
    let schema: Schema
    let columns: [String]?
    let keepsTypes: Bool

    /// The earliest event time of the frame, microseconds since 1970.
    public var earliestTime: Int64 {
        switch content {
        case .tail(let frame): frame.times.lowerBound
        case .disk(_, let header, _): header.minimumTime
        }
    }
}

/// Decodes pieces. For one thread at a time; each brings its own.
public final class LogPieceReader {
    private var frames: FrameReader

    init(frameBytes: Int) { self.frames = FrameReader(frameBytes: frameBytes) }

    /// The piece's events, in the columns that its reader was made for.
    /// - Returns: `nil` where the stored bytes are damaged.
    /// - Throws: when storage fails.
    public func read(_ piece: LogPiece) throws(LogError) -> LogBatch? {
        let rows: Batch
        let base: Int64
        switch piece.content {
        case .tail(let frame):
            rows = frame.batch
            base = frame.baseOffset
        case .disk(let file, let header, let position):
            frames.reset()
            let decoded = try storing { () throws(StorageError) in
                try frames.batch(file, header, at: position, columns: piece.columns)
            }
            guard let decoded else { return nil }
            rows = decoded
            base = header.baseOffset
        }
        let wanted = Int(piece.offsets.lowerBound - base)..<Int(piece.offsets.upperBound - base)
        let batch = rows.given(piece.schema, piece.columns, keepsTypes: piece.keepsTypes).slice(wanted)
        return LogBatch(
            topic: piece.topic, partition: piece.partition, baseOffset: piece.offsets.lowerBound, batch: batch)
    }
}
