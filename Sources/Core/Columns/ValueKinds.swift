/// The kinds of values that a field showed, and the narrowest type that holds them all.
struct ValueKinds: OptionSet, Sendable {
    let rawValue: UInt8

    static let bool = ValueKinds(rawValue: 1)
    static let integer = ValueKinds(rawValue: 2)
    static let double = ValueKinds(rawValue: 4)
    /// Text that is a whole date and time.
    static let time = ValueKinds(rawValue: 8)
    static let text = ValueKinds(rawValue: 16)
    /// An array, or an object without keys.
    static let structure = ValueKinds(rawValue: 32)

    /// - Parameter mixed: the type for values of several kinds, and for none.
    func type(mixed: FieldType) -> FieldType {
        switch self {
        case .bool: .bool
        case .integer: .int64
        case .double, [.integer, .double]: .float64
        case .time: .timestamp
        case .text, [.text, .time]: .string
        default: mixed
        }
    }
}
