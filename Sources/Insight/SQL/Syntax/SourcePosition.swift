/// A place in a statement's text.
public struct SourcePosition: Hashable, Sendable {
    /// From 1.
    public var line: UInt32
    /// In characters (Unicode scalars), from 1.
    public var column: UInt32

    static let start = SourcePosition(line: 1, column: 1)
}
