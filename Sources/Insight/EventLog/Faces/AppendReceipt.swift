/// Where appended events lie.
public struct AppendReceipt: Sendable, Equatable {
    public let topic: String
    public let partition: Int
    public let firstOffset: Int64
    /// `firstOffset - 1` for an empty batch.
    public let lastOffset: Int64
}
