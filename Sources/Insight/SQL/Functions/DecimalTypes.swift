/// Flink's rules for the types of decimals (`LogicalTypeMerging`, after those of Hive and SQL Server).
extension SQLType {
    static let maximumPrecision = 38
    /// Digits behind the point that a result keeps even where the digits before it need the room.
    private static let minimumAdjustedScale = 6

    /// Digits in all, and behind the point.
    struct DecimalSize {
        var precision: Int
        var scale: Int

        var type: SQLType { .decimal(precision: precision, scale: scale) }
        var wholeDigits: Int { precision - scale }
    }

    /// The decimal that holds all values of an exact number; `nil` for other types.
    var decimalSize: DecimalSize? {
        switch self {
        case .tinyint: DecimalSize(precision: 3, scale: 0)
        case .smallint: DecimalSize(precision: 5, scale: 0)
        case .integer: DecimalSize(precision: 10, scale: 0)
        case .bigint: DecimalSize(precision: 19, scale: 0)
        case .decimal(let precision, let scale): DecimalSize(precision: precision, scale: scale)
        default: nil
        }
    }

    var isDecimal: Bool { if case .decimal = self { true } else { false } }

    /// A size that may be too large, cut to 38 digits: those behind the point go first, down to six.
    private static func adjusted(precision: Int, scale: Int) -> SQLType {
        if precision <= maximumPrecision { return .decimal(precision: precision, scale: scale) }
        let kept = max(maximumPrecision - (precision - scale), min(scale, minimumAdjustedScale))
        return .decimal(precision: maximumPrecision, scale: kept)
    }

    /// The type of `left function right`, one of which is a decimal; `nil` where the other is no exact number.
    static func decimalResult(of function: ScalarFunction, _ left: SQLType, _ right: SQLType) -> SQLType? {
        guard let first = left.decimalSize, let second = right.decimalSize else { return nil }
        let scale = max(first.scale, second.scale)
        switch function {
        case .add, .subtract:
            return adjusted(precision: max(first.wholeDigits, second.wholeDigits) + scale + 1, scale: scale)
        case .multiply:
            return adjusted(
                precision: first.precision + second.precision + 1, scale: first.scale + second.scale)
        case .divide:
            let digits = max(minimumAdjustedScale, first.scale + second.precision + 1)
            return adjusted(precision: first.wholeDigits + second.scale + digits, scale: digits)
        case .remainder:
            if scale == 0 { return right }
            return adjusted(precision: min(first.wholeDigits, second.wholeDigits) + scale, scale: scale)
        default: return nil
        }
    }

    /// The decimal that all values of both are values of, however many digits that takes.
    private static func union(_ left: DecimalSize, _ right: DecimalSize) -> DecimalSize {
        let scale = max(left.scale, right.scale)
        return DecimalSize(precision: max(left.wholeDigits, right.wholeDigits) + scale, scale: scale)
    }

    /// The type in which decimals, or a decimal and an integer, meet. Where 38 digits are too few the digits before the
    /// point are kept.
    static func commonDecimal(_ left: SQLType, _ right: SQLType) -> SQLType? {
        guard let first = left.decimalSize, let second = right.decimalSize else { return nil }
        var size = union(first, second)
        size.scale = min(size.scale, maximumPrecision - min(size.wholeDigits, maximumPrecision))
        size.precision = min(max(first.wholeDigits, second.wholeDigits), maximumPrecision) + size.scale
        return size.type
    }

    /// As `commonDecimal`, but `nil` where a value of one of them might have to be rounded.
    static func exactCommonDecimal(_ left: SQLType, _ right: SQLType) -> SQLType? {
        guard let first = left.decimalSize, let second = right.decimalSize else { return nil }
        let size = union(first, second)
        return size.precision <= maximumPrecision ? size.type : nil
    }

    /// The type of a decimal rounded to `digits` behind the point; other types stay as they are.
    func rounded(toDigits digits: Int) -> SQLType {
        guard case .decimal(let precision, let scale) = self, digits < scale else { return self }
        if digits < 0 { return .decimal(precision: min(Self.maximumPrecision, 1 + precision - scale), scale: 0) }
        // Rounding up may need one more digit.
        return .decimal(precision: 1 + precision - scale + digits, scale: digits)
    }

    /// Of `CEIL` and `FLOOR`.
    var whole: SQLType {
        if case .decimal(let precision, _) = self { return .decimal(precision: precision, scale: 0) }
        return self
    }

    /// Of `SIGN`: -1, 0 and 1 with the digits behind the point that the argument has.
    var sign: SQLType {
        guard case .decimal(let precision, let scale) = self else { return self }
        return .decimal(precision: min(max(precision, scale + 1), Self.maximumPrecision), scale: scale)
    }

    /// Of `SUM` and `AVG`.
    func aggregated(isAverage: Bool) -> SQLType {
        guard case .decimal(_, let scale) = self else { return self }
        return .decimal(
            precision: Self.maximumPrecision, scale: isAverage ? max(scale, Self.minimumAdjustedScale) : scale)
    }
}
