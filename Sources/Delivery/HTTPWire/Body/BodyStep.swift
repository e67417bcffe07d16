/// What one call of a body decoder did.
public struct BodyStep: Sendable, Equatable {
    /// Bytes of the input that are used up.
    public var consumed: Int
    /// Where body data is in the input; empty when the call used up framing only.
    public var data: Range<Int>
    /// The body has ended; the rest of the input belongs to the next message.
    public var isComplete: Bool
}
