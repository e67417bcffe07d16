/// How a `CSVReader` reads and hands out.
public struct CSVOptions: Sendable {
    /// Between two fields.
    public var delimiter = UInt8(ascii: ",")
    /// Rows in a batch handed out; the last may hold fewer.
    public var batchRows = 4096
    /// Longer records are malformed.
    public var maximumRecordBytes = 1 << 20
    /// More fields than this in the header are left out.
    public var maximumFields = 1000

    public init() {}
}
