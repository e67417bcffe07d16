public import Columns

/// Events as they lie in one frame of a partition, or a part of it.
public struct LogBatch: Sendable {
    public let topic: String
    public let partition: Int
    /// The offset of the first row; row `i` has offset `baseOffset + i`.
    public let baseOffset: Int64
    public let batch: Batch

    /// The offset after the last row.
    public var nextOffset: Int64 { baseOffset + Int64(batch.rowCount) }
}

/// Offsets that a reader or a check could not give because the stored bytes are damaged.
public struct LogGap: Sendable, Equatable {
    public let topic: String
    public let partition: Int
    public let offsets: Range<Int64>
    /// The file, and which of its bytes.
    public let file: String
    public let bytes: Range<Int>
    public let reason: String
}
