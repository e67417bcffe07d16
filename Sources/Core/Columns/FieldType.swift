/// The physical types a column can hold. The raw value is the type's number on disk and on the wire.
public enum FieldType: UInt8, Sendable, CaseIterable {
    case bool = 1
    case int64 = 2
    case float64 = 3
    /// Microseconds since 1970-01-01T00:00:00Z.
    case timestamp = 4
    /// UTF-8 text.
    case string = 5
    case bytes = 6
    case ip = 7
    /// One JSON value as UTF-8 text; what fits no other type.
    case json = 8
}
