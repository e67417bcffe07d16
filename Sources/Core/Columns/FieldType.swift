/// The physical types a column can hold.
public enum FieldType: Hashable, Sendable {
    case bool
    case int64
    case float64
    /// Microseconds since 1970-01-01T00:00:00Z.
    case timestamp
    /// UTF-8 text.
    case string
    case bytes
    case ip
    /// One JSON value as UTF-8 text; what fits no other type.
    case json
    /// Whole numbers of 10^-`scale`, less than 10^38 in magnitude. The scale is 0 to 38.
    case decimal(scale: UInt8)

    /// Digits that a decimal has at most, behind the point too.
    public static let maximumDecimalDigits = 38

    /// The number of digits behind the point of a decimal; `nil` for other types.
    public var decimalScale: Int? { if case .decimal(let scale) = self { Int(scale) } else { nil } }

    /// UTF-8 or other bytes of any length.
    public var isByteStrings: Bool {
        switch self {
        case .string, .bytes, .json: true
        case .bool, .int64, .float64, .timestamp, .ip, .decimal: false
        }
    }
}

/// On disk and on the wire.
extension FieldType {
    static let decimalNumber: UInt8 = 9

    /// The type's number. A decimal's is followed by its scale.
    var number: UInt8 {
        switch self {
        case .bool: 1
        case .int64: 2
        case .float64: 3
        case .timestamp: 4
        case .string: 5
        case .bytes: 6
        case .ip: 7
        case .json: 8
        case .decimal: Self.decimalNumber
        }
    }

    /// - Parameter scale: what follows the number of a decimal; `nil` where nothing can follow.
    init?(number: UInt8, scale: UInt8?) {
        switch number {
        case 1: self = .bool
        case 2: self = .int64
        case 3: self = .float64
        case 4: self = .timestamp
        case 5: self = .string
        case 6: self = .bytes
        case 7: self = .ip
        case 8: self = .json
        case Self.decimalNumber:
            guard let scale, scale <= Self.maximumDecimalDigits else { return nil }
            self = .decimal(scale: scale)
        default: return nil
        }
    }
}

/// In text: `int64`, `decimal(2)`.
extension FieldType: LosslessStringConvertible {
    private static let named: [(name: String, type: FieldType)] = [
        ("bool", .bool), ("int64", .int64), ("float64", .float64), ("timestamp", .timestamp), ("string", .string),
        ("bytes", .bytes), ("ip", .ip), ("json", .json),
    ]

    public var description: String {
        if case .decimal(let scale) = self { return "decimal(\(scale))" }
        return Self.named.first { $0.type == self }?.name ?? ""
    }

    public init?(_ description: String) {
        if let known = Self.named.first(where: { $0.name == description }) {
            self = known.type
            return
        }
        guard description.hasPrefix("decimal("), description.hasSuffix(")"),
            let scale = UInt8(description.dropFirst(8).dropLast()), scale <= Self.maximumDecimalDigits
        else { return nil }
        self = .decimal(scale: scale)
    }
}
