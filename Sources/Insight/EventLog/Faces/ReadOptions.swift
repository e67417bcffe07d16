/// What a reader gives and where it ends.
public struct ReadOptions: Sendable {
    /// The columns wanted, in this order; `nil` gives all of the topic's schema, `[]` only the number of rows.
    public var columns: [String]?
    /// Microseconds since 1970, of `@timestamp` (of arrival where a batch has none). Frames that lie wholly outside are
    /// skipped without being read; those that cross a bound are given whole, so the caller still compares each row.
    public var times: Range<Int64>?
    /// The offset to end at; `nil` follows the partition as it grows.
    public var endOffset: Int64?
    /// Columns come in the types that they were appended in, but as json what is json by now. One that the topic lacks is
    /// no error: it comes with the batches that have it.
    public var keepsTypes = false

    public init(columns: [String]? = nil, times: Range<Int64>? = nil, endOffset: Int64? = nil) {
        self.columns = columns
        self.times = times
        self.endOffset = endOffset
    }
}
