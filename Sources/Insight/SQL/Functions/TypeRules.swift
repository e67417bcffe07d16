extension SQLType {
    public var isInteger: Bool {
        switch self {
        case .tinyint, .smallint, .integer, .bigint: true
        default: false
        }
    }

    public var isNumeric: Bool {
        switch self {
        case .float, .double, .decimal: true
        default: isInteger
        }
    }

    public var isInterval: Bool { self == .intervalDaySecond || self == .intervalYearMonth }

    /// Width in bits of an integer type; 64 for everything else.
    var integerBits: Int {
        switch self {
        case .tinyint: 8
        case .smallint: 16
        case .integer: 32
        default: 64
        }
    }

    /// The type that two operands of arithmetic, of `CASE`, of `COALESCE` or of a set operation meet in; nil when
    /// there is none. Integers widen, to a DECIMAL beside one; anything with a DOUBLE becomes DOUBLE, as does a FLOAT
    /// beside a DECIMAL; a DATE beside a TIMESTAMP becomes one, JSON beside text becomes text.
    public static func common(_ left: SQLType, _ right: SQLType) -> SQLType? {
        if left == right { return left }
        if left == .null { return right }
        if right == .null { return left }
        if left.isNumeric && right.isNumeric {
            if left.isInteger && right.isInteger { return left.integerBits > right.integerBits ? left : right }
            if let decimal = commonDecimal(left, right) { return decimal }
            let isFloat = (left == .float || right == .float) && !left.isDecimal && !right.isDecimal
            return isFloat && left != .double && right != .double ? .float : .double
        }
        switch (left, right) {
        case (.date, .timestamp), (.timestamp, .date): return .timestamp
        case (.json, .varchar), (.varchar, .json): return .varchar
        case (.array(let first), .array(let second)): return common(first, second).map { .array($0) }
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            guard let key = common(leftKey, rightKey), let value = common(leftValue, rightValue) else { return .json }
            return .map(key: key, value: value)
        case (.json, _) where right.isStructured, (_, .json) where left.isStructured: return .json
        case (.row, .row): return .json
        default: return nil
        }
    }

    /// `common(_:_:)` over many; `.null` for none.
    public static func common(of types: [SQLType]) -> SQLType? {
        var result = SQLType.null
        for type in types {
            guard let next = common(result, type) else { return nil }
            result = next
        }
        return result
    }

    /// True where a value of this type is already a value of `other` in memory, so that no cast is needed.
    func isCarried(as other: SQLType) -> Bool {
        if self == other { return true }
        if isInteger && other.isInteger { return integerBits <= other.integerBits }
        switch (self, other) {
        case (.float, .double): return true
        case (.decimal(let precision, let scale), .decimal(let wider, let same)):
            return scale == same && precision <= wider
        case _ where isDocument && other.isDocument: return true
        default: return false
        }
    }
}
