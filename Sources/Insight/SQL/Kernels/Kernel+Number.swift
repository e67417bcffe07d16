import Columns
import Glibc

extension Kernel {
    func number(_ arguments: [Argument], _ count: Int) -> Column {
        switch function {
        case .greatest, .least: return extreme(arguments, count)
        case .abs, .ceil, .floor, .round, .truncate, .sign:
            if type.isDecimal { return roundedDecimals(arguments, count) }
            let valid = validity(arguments, count)
            if type.fieldType == .float64 { return .float64s((roundedDoubles(arguments, count), valid)) }
            return .int64s((wrapped(roundedIntegers(arguments, count)), valid))
        default: return .float64s((transcendental(arguments, count), validity(arguments, count)))
        }
    }

    private func roundedDoubles(_ arguments: [Argument], _ count: Int) -> [Double] {
        let values = arguments[0].operand.float64s()
        switch function {
        case .abs: return Loop.map(values, count, filler: 0) { Swift.abs($0) }
        case .ceil: return Loop.map(values, count, filler: 0) { $0.rounded(.up) }
        case .floor: return Loop.map(values, count, filler: 0) { $0.rounded(.down) }
        case .sign: return Loop.map(values, count, filler: 0) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        default:
            let rule: FloatingPointRoundingRule = function == .round ? .toNearestOrAwayFromZero : .towardZero
            guard arguments.count > 1 else { return Loop.map(values, count, filler: 0) { $0.rounded(rule) } }
            let digits = arguments[1].operand.int64s()
            return Loop.map(values, digits, count, filler: 0) { Decimals.round($0, Int($1.clamped(-400, 400)), rule) }
        }
    }

    private func roundedIntegers(_ arguments: [Argument], _ count: Int) -> [Int64] {
        let values = arguments[0].operand.int64s()
        switch function {
        case .abs: return Loop.map(values, count, filler: 0) { $0 < 0 ? 0 &- $0 : $0 }
        case .sign: return Loop.map(values, count, filler: 0) { $0.signum() }
        case .round, .truncate:
            guard arguments.count > 1 else { return Loop.map(values, count, filler: 0) { $0 } }
            let digits = arguments[1].operand.int64s()
            let isRound = function == .round
            return Loop.map(values, digits, count, filler: 0) { Decimals.round($0, $1, isRound) }
        default: return Loop.map(values, count, filler: 0) { $0 }
        }
    }

    private func transcendental(_ arguments: [Argument], _ count: Int) -> [Double] {
        if function == .e { return Array(repeating: M_E, count: count) }
        if function == .pi { return Array(repeating: Double.pi, count: count) }
        let values = arguments[0].operand.float64s()
        switch function {
        case .power:
            return Loop.map(values, arguments[1].operand.float64s(), count, filler: 0) { Glibc.pow($0, $1) }
        case .atan2:
            return Loop.map(values, arguments[1].operand.float64s(), count, filler: 0) { Glibc.atan2($0, $1) }
        case .log where arguments.count > 1:
            let second = arguments[1].operand.float64s()
            return Loop.map(values, second, count, filler: 0) { Glibc.log($1) / Glibc.log($0) }
        case .sqrt: return Loop.map(values, count, filler: 0) { $0.squareRoot() }
        case .ln, .log: return Loop.map(values, count, filler: 0) { Glibc.log($0) }
        case .log10: return Loop.map(values, count, filler: 0) { Glibc.log10($0) }
        case .log2: return Loop.map(values, count, filler: 0) { Glibc.log2($0) }
        case .exp: return Loop.map(values, count, filler: 0) { Glibc.exp($0) }
        case .sin: return Loop.map(values, count, filler: 0) { Glibc.sin($0) }
        case .cos: return Loop.map(values, count, filler: 0) { Glibc.cos($0) }
        case .tan: return Loop.map(values, count, filler: 0) { Glibc.tan($0) }
        case .asin: return Loop.map(values, count, filler: 0) { Glibc.asin($0) }
        case .acos: return Loop.map(values, count, filler: 0) { Glibc.acos($0) }
        case .atan: return Loop.map(values, count, filler: 0) { Glibc.atan($0) }
        case .sinh: return Loop.map(values, count, filler: 0) { Glibc.sinh($0) }
        case .cosh: return Loop.map(values, count, filler: 0) { Glibc.cosh($0) }
        case .tanh: return Loop.map(values, count, filler: 0) { Glibc.tanh($0) }
        case .cot: return Loop.map(values, count, filler: 0) { 1 / Glibc.tan($0) }
        case .degrees: return Loop.map(values, count, filler: 0) { $0 * (180 / Double.pi) }
        default: return Loop.map(values, count, filler: 0) { $0 * (Double.pi / 180) }
        }
    }

    /// `GREATEST` and `LEAST`: null where any argument is.
    private func extreme(_ arguments: [Argument], _ count: Int) -> Column {
        let wanted: ScalarFunction = function == .greatest ? .greater : .less
        let valid = validity(arguments, count)
        var best = arguments[0]
        for next in arguments.dropFirst() {
            let take = compare(wanted, next, best, count)
            let frame = Evaluator(
                batch: Batch(schema: Schema([]), rowCount: count, columns: []), rows: nil, context: context)
            let other = take.inverted.indices()
            let rows = take.indices()
            let parts = [
                Part(rows: rows, operand: next.operand.select(rows)),
                Part(rows: other, operand: best.operand.select(other)),
            ]
            best = Argument(operand: frame.assemble(parts, type), type: type)
        }
        switch best.operand {
        case .constant(let value): return .repeating(value, type: type.fieldType, count: count)
        case .column(let column): return column.masked(valid)
        }
    }
}

extension Operand {
    func select(_ rows: [UInt32]) -> Operand {
        switch self {
        case .constant: self
        case .column(let column): .column(column.select(rows: rows))
        }
    }
}

extension Int64 {
    func clamped(_ lowest: Int64, _ highest: Int64) -> Int64 { Swift.min(Swift.max(self, lowest), highest) }
}

/// Rounding to decimal places.
enum Decimals {
    /// As the decimal a double is printed as would be rounded, so that `ROUND(1.005, 2)` is 1.01, as in Flink.
    @inline(never)
    static func round(_ value: Double, _ digits: Int, _ rule: FloatingPointRoundingRule) -> Double {
        guard value.isFinite, value != 0 else { return value }
        if digits < -308 { return 0 }
        if digits >= 0 && digits <= 15 {
            let scale = powersOfTen[digits]
            let scaled = value * scale
            // Past 2^52 there is no fraction left to round.
            guard Swift.abs(scaled) < 4_503_599_627_370_496 else { return value }
            var whole = scaled.rounded(rule)
            // The product may have lost the last bit of a decimal tie; look from the next double as well.
            let nudged = (scaled > 0 ? scaled.nextUp : scaled.nextDown).rounded(rule)
            if nudged != whole && nudged / scale != whole / scale && isTie(scaled) { whole = nudged }
            return whole / scale
        }
        if digits < 0 {
            let scale = Glibc.pow(10, Double(-digits))
            return (value / scale).rounded(rule) * scale
        }
        return value
    }

    private static func isTie(_ scaled: Double) -> Bool {
        let fraction = Swift.abs(scaled - scaled.rounded(.towardZero))
        return Swift.abs(fraction - 0.5) <= scaled.ulp || 1 - fraction <= scaled.ulp
    }

    /// To tens, hundreds and so on where `digits` is negative.
    @inline(never)
    static func round(_ value: Int64, _ digits: Int64, _ isRound: Bool) -> Int64 {
        if digits >= 0 { return value }
        if digits < -18 { return 0 }
        var scale: Int64 = 1
        for _ in 0..<(-digits) { scale *= 10 }
        let rest = value % scale
        let truncated = value - rest
        guard isRound, rest.magnitude >= (scale / 2).magnitude else { return truncated }
        return truncated &+ (value < 0 ? 0 &- scale : scale)
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
}
