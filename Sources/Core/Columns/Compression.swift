/// How the encoded bytes of a column are compressed, where that makes them smaller. The raw value is the number on
/// disk and on the wire.
public enum Compression: UInt8, Sendable, CaseIterable {
    case none = 0
    /// Fast both ways; the default.
    case lz4 = 1
    /// Smaller and slower; for what is kept long.
    case zstd = 2
}
