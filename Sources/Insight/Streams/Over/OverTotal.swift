import Columns
import SQL

/// A count and a sum whose differences are exact, or nearly: the sum of a frame is the total up to its last row less the
/// total before its first.
protocol OverTotal {
    associatedtype Value

    init()
    mutating func add(_ value: Value)
    static func - (left: Self, right: Self) -> Self
    static func values(of column: Column) -> [Value]
    /// The results of `COUNT`, `SUM` or `AVG`.
    static func column(_ totals: [Self], _ function: AggregateCall.Function, _ type: SQLType) -> Column
    static func state(_ totals: ArraySlice<Self>) -> [Column]
    static func saved(_ columns: [Column]) -> [Self]?
}

/// Of integers: they wrap, and so do their differences.
struct OverWholeTotal: OverTotal {
    var count: Int64 = 0
    var sum: Int64 = 0

    mutating func add(_ value: Int64) {
        count &+= 1
        sum &+= value
    }

    static func - (left: OverWholeTotal, right: OverWholeTotal) -> OverWholeTotal {
        OverWholeTotal(count: left.count &- right.count, sum: left.sum &- right.sum)
    }

    /// What isn't an integer is only counted.
    static func values(of column: Column) -> [Int64] {
        column.int64s ?? [Int64](repeating: 0, count: column.count)
    }

    static func column(_ totals: [OverWholeTotal], _ function: AggregateCall.Function, _ type: SQLType) -> Column {
        guard function == .sum || function == .avg else { return .integers(totals.map(\.count)) }
        var validity = Bitmap(repeating: true, count: totals.count)
        for (index, total) in totals.enumerated() where total.count == 0 { validity[index] = false }
        let isAverage = function == .avg
        let results = totals.map { total in
            IntegerSumAccumulator.narrow(isAverage ? total.sum / max(total.count, 1) : total.sum, to: type)
        }
        return Column(type: type.fieldType, count: totals.count, validity: validity, storage: .int64(results))
            .trimmed()
    }

    static func state(_ totals: ArraySlice<OverWholeTotal>) -> [Column] {
        [.integers(totals.map(\.count)), .integers(totals.map(\.sum))]
    }

    static func saved(_ columns: [Column]) -> [OverWholeTotal]? {
        guard columns.count == 2, let counts = columns[0].int64s, let sums = columns[1].int64s else { return nil }
        return zip(counts, sums).map { OverWholeTotal(count: $0, sum: $1) }
    }
}
