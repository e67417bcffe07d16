/// What a decoder takes from bytes that it did not write itself.
public struct BatchCodecLimits: Sendable {
    /// Rows in one batch.
    public var maximumRows = 1 << 20
    /// Columns in one batch.
    public var maximumColumns = 4096
    /// Bytes of memory for the decoded columns of one batch.
    public var maximumDecodedBytes = 512 << 20

    public init() {}
}
