/// What one call of a parser did.
public struct ParseStep: Sendable, Equatable {
    /// Bytes of the input that are used up; the rest belongs to what follows the head.
    public var consumed: Int
    /// The head is complete. Otherwise all input is consumed and more is needed.
    public var isComplete: Bool
}
