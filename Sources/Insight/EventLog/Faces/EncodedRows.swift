public import Columns

/// Rows with their bytes, as frames of the log hold them: what is written somewhere else too is encoded once, and by another
/// thread than the log's.
public struct EncodedRows: Sendable {
    /// A part of the rows, as `BatchCodec` writes it.
    public struct Frame: Sendable {
        public let batch: Batch
        public let bytes: [UInt8]
    }

    public let batch: Batch
    public let compression: Compression
    /// The rows in their order, in as many parts as the log would make of them.
    public let frames: [Frame]

    public init(_ batch: Batch, compression: Compression) {
        self.batch = batch
        self.compression = compression
        frames = stride(from: 0, to: batch.rowCount, by: LogEngine.frameRows).map { start in
            let part = batch.slice(start..<min(batch.rowCount, start + LogEngine.frameRows))
            return Frame(batch: part, bytes: BatchCodec.encode(part, compression: compression))
        }
    }
}
