import Columns
import SQL

/// Of decimals: exact, and so are the differences.
struct OverDecimalTotal: OverTotal {
    struct Units {
        let value: Int128
        let scale: Int
    }

    private var count: Int64 = 0
    private var sum = DecimalSum()
    /// Of what was added, which an average does not tell.
    private var scale: Int64 = 0

    init() {}

    mutating func add(_ units: Units) {
        count &+= 1
        sum.add(units.value)
        scale = Int64(units.scale)
    }

    static func - (left: OverDecimalTotal, right: OverDecimalTotal) -> OverDecimalTotal {
        var difference = left
        difference.count = left.count &- right.count
        difference.sum = left.sum - right.sum
        return difference
    }

    static func values(of column: Column) -> [Units] {
        let scale = column.type.decimalScale ?? 0
        guard let decimals = column.decimals else {
            return [Units](repeating: Units(value: 0, scale: scale), count: column.count)
        }
        return decimals.map { Units(value: $0, scale: scale) }
    }

    static func column(_ totals: [OverDecimalTotal], _ function: AggregateCall.Function, _ type: SQLType) -> Column {
        var validity = Bitmap(repeating: true, count: totals.count)
        let isAverage = function == .avg
        let scale = type.fieldType.decimalScale ?? 0
        let results = totals.indices.map { index -> Int128 in
            let total = totals[index]
            var result: Int128?
            if total.count > 0, let sum = total.sum.units {
                let shift = scale - Int(total.scale)
                result = isAverage ? DecimalMath.quotient(sum, Int128(total.count), shift: shift) : sum
            }
            if result == nil { validity[index] = false }
            return result ?? 0
        }
        return Column(type: type.fieldType, count: totals.count, validity: validity, storage: .decimal(results))
            .trimmed()
    }

    static func state(_ totals: ArraySlice<OverDecimalTotal>) -> [Column] {
        [
            .integers(totals.map(\.count)), .integers(totals.map(\.sum.lower)), .integers(totals.map(\.sum.upper)),
            .integers(totals.map(\.sum.high)), .integers(totals.map(\.scale)),
        ]
    }

    static func saved(_ columns: [Column]) -> [OverDecimalTotal]? {
        let saved = columns.compactMap(\.int64s)
        guard columns.count == 5, saved.count == 5 else { return nil }
        return saved[0].indices.map { index in
            var total = OverDecimalTotal()
            total.count = saved[0][index]
            total.sum = DecimalSum(lower: saved[1][index], upper: saved[2][index], high: saved[3][index])
            total.scale = min(max(saved[4][index], 0), Int64(FieldType.maximumDecimalDigits))
            return total
        }
    }
}
