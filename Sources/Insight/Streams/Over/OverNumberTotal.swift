import Columns
import SQL

/// Of numbers: the sum in twice the precision, so that differences lose nothing that shows, and what is not finite
/// counted beside it.
struct OverNumberTotal: OverTotal {
    private var count: Int64 = 0
    private var high = 0.0
    private var low = 0.0
    /// Not-a-numbers, infinities and negative ones, 21 bits each: differences are right up to two million of each.
    private var special: Int64 = 0

    init() {}

    mutating func add(_ value: Double) {
        count &+= 1
        guard value.isFinite else {
            special &+= value.isNaN ? 1 : value > 0 ? 1 << 21 : 1 << 42
            return
        }
        let (sum, rest) = Self.exactSum(high, value)
        set(sum, low + rest)
    }

    static func - (left: OverNumberTotal, right: OverNumberTotal) -> OverNumberTotal {
        var difference = OverNumberTotal()
        difference.count = left.count &- right.count
        difference.special = left.special &- right.special
        let (sum, rest) = exactSum(left.high, -right.high)
        difference.set(sum, rest + (left.low - right.low))
        return difference
    }

    /// The rounded sum, and what rounding left out.
    private static func exactSum(_ first: Double, _ second: Double) -> (Double, Double) {
        let sum = first + second
        let part = sum - first
        return (sum, (first - (sum - part)) + (second - part))
    }

    private mutating func set(_ sum: Double, _ rest: Double) {
        high = sum + rest
        low = high.isFinite ? rest - (high - sum) : 0
    }

    private var sum: Double {
        if special == 0 { return high }
        let mask: Int64 = 1 << 21 - 1
        let (positive, negative) = (special >> 21 & mask > 0, special >> 42 & mask > 0)
        if special & mask > 0 || positive && negative { return .nan }
        return positive ? .infinity : -.infinity
    }

    static func values(of column: Column) -> [Double] {
        column.float64s ?? [Double](repeating: 0, count: column.count)
    }

    static func column(_ totals: [OverNumberTotal], _ function: AggregateCall.Function, _ type: SQLType) -> Column {
        var validity = Bitmap(repeating: true, count: totals.count)
        for (index, total) in totals.enumerated() where total.count == 0 { validity[index] = false }
        let isAverage = function == .avg
        let results = totals.map { isAverage ? $0.sum / Double(max($0.count, 1)) : $0.sum }
        return Column(type: .float64, count: totals.count, validity: validity, storage: .float64(results)).trimmed()
    }

    static func state(_ totals: ArraySlice<OverNumberTotal>) -> [Column] {
        func numbers(_ values: [Double]) -> Column {
            Column(type: .float64, count: values.count, validity: nil, storage: .float64(values))
        }
        return [
            .integers(totals.map(\.count)), numbers(totals.map(\.high)), numbers(totals.map(\.low)),
            .integers(totals.map(\.special)),
        ]
    }

    static func saved(_ columns: [Column]) -> [OverNumberTotal]? {
        guard columns.count == 4, let counts = columns[0].int64s, let highs = columns[1].float64s,
            let lows = columns[2].float64s, let specials = columns[3].int64s
        else { return nil }
        return counts.indices.map { index in
            var total = OverNumberTotal()
            (total.count, total.high) = (counts[index], highs[index])
            (total.low, total.special) = (lows[index], specials[index])
            return total
        }
    }
}
