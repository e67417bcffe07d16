import Bytes
import Columns

/// Casts into decimals and out of them. As in Flink, digits behind the scale are rounded half up, and what has more
/// digits before the point than the type is null.
extension Cast {
    func toDecimal(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        guard case .decimal(let precision, let scale) = to else { throw Cast.impossible(from, to) }
        let valid = operand.validity(count)
        let limit = PowersOfTen.int128[precision]
        let made: (values: [Int128], validity: Bitmap?)
        switch from.fieldType {
        case .decimal(let given): made = rescaled(operand.decimals(), Int(given), to: scale, limit, valid, count)
        case .int64:
            let values = operand.int64s()
            let power = PowersOfTen.int128[scale]
            made = Loop.mapValid(count, valid, filler: 0) { row in
                let (value, overflow) = Int128(values[row]).multipliedReportingOverflow(by: power)
                return overflow ? nil : DecimalMath.within(value, limit)
            }
        case .float64:
            let values = operand.float64s()
            made = Loop.mapValid(count, valid, filler: 0) { row in
                DecimalDouble.decimal(values[row], scale: scale).flatMap { DecimalMath.within($0, limit) }
            }
        case .bool:
            let bits = operand.bits(count)
            let one = PowersOfTen.int128[scale]
            made = Loop.mapValid(count, valid, filler: 0) { row in bits[row] ? DecimalMath.within(one, limit) : 0 }
        case .string:
            let texts = operand.texts()
            made = try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int128? in
                let text = texts.text(row)
                switch NumberParser.decimal(text.extracting(Cast.trimmed(text)), scale: scale) {
                case .value(let value): return DecimalMath.within(value, limit)
                case .outOfRange: return nil
                case .notANumber: return try unreadable(text)
                }
            }
        default: throw Cast.impossible(from, to)
        }
        return .decimals(made, to.fieldType)
    }

    private func rescaled(
        _ values: Values<Int128>, _ given: Int, to scale: Int, _ limit: Int128, _ valid: Bitmap?, _ count: Int
    ) -> (values: [Int128], validity: Bitmap?) {
        if given >= scale {
            let power = PowersOfTen.int128[given - scale]
            return Loop.mapValid(count, valid, filler: 0) { row in
                DecimalMath.within(DecimalMath.rounded(values[row], by: power), limit)
            }
        }
        let power = PowersOfTen.int128[scale - given]
        if let size = from.decimalSize, let wanted = to.decimalSize, size.wholeDigits <= wanted.wholeDigits {
            return (Loop.map(values, count, filler: 0) { $0 &* power }, valid)
        }
        return Loop.mapValid(count, valid, filler: 0) { row in
            let (value, overflow) = values[row].multipliedReportingOverflow(by: power)
            return overflow ? nil : DecimalMath.within(value, limit)
        }
    }

    /// To an integer the fraction is cut off.
    func fromDecimal(_ operand: Operand, _ count: Int) throws(SQLError) -> Column {
        let valid = operand.validity(count)
        let values = operand.decimals()
        let scale = from.fieldType.decimalScale ?? 0
        switch to {
        case .float, .double:
            let doubles = Loop.map(values, count, filler: 0) { DecimalDouble.double($0, scale: scale) }
            return .float64s((to == .float ? doubles.map { Double(Float($0)) } : doubles, valid))
        case .boolean: return .bools(Loop.test(values, Values(constant: 0), count) { $0 != $1 }, valid)
        case .tinyint, .smallint, .integer, .bigint:
            let range = Cast.range(to)
            let power = PowersOfTen.int128[scale]
            return .int64s(
                try Loop.mapValid(count, valid, filler: 0) { (row) throws(SQLError) -> Int64? in
                    if let whole = Int64(exactly: DecimalMath.whole(values[row], by: power, .cut)),
                        range.contains(whole)
                    {
                        return whole
                    }
                    return try outOfRange(DecimalDouble.text(values[row], scale: scale))
                })
        default: throw Cast.impossible(from, to)
        }
    }
}

/// Between decimals and doubles.
public enum DecimalDouble {
    /// Doubles hold all whole numbers up to it.
    private static let exactUnits: Int128 = 1 << 53
    /// Up to which powers of ten are doubles.
    private static let exactScale = 22

    /// The double that is nearest.
    @inline(__always)
    static func double(_ value: Int128, scale: Int) -> Double {
        // Both are exact, so one division rounds once.
        if value <= exactUnits, value >= -exactUnits, scale <= exactScale {
            return Double(Int64(truncatingIfNeeded: value)) / powers[scale]
        }
        return farDouble(value, scale: scale)
    }

    @inline(never)
    private static func farDouble(_ value: Int128, scale: Int) -> Double {
        var digits: [UInt8] = []
        NumberWriter.append(decimal: value, scale: scale, to: &digits)
        return NumberParser.float64(digits.span) ?? 0
    }

    /// The decimal as which the double is printed, rounded half up to `scale`; `nil` where it is out of range, or no
    /// number.
    @inline(__always)
    public static func decimal(_ value: Double, scale: Int) -> Int128? {
        if scale <= exactScale {
            let units = (value * powers[scale]).rounded()
            // Fifteen digits tell every double apart, so that these are the ones it is printed with.
            if units.magnitude < 1e15, units / powers[scale] == value { return Int128(units) }
        }
        return printed(value, scale: scale)
    }

    @inline(never)
    private static func printed(_ value: Double, scale: Int) -> Int128? {
        guard value.isFinite else { return nil }
        var text = value.description
        return text.withUTF8 { bytes in
            if case .value(let units) = NumberParser.decimal(bytes.span, scale: scale) { units } else { nil }
        }
    }

    static func text(_ value: Int128, scale: Int) -> String {
        var digits: [UInt8] = []
        NumberWriter.append(decimal: value, scale: scale, to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
