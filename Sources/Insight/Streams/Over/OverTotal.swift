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

/// `COUNT`, `SUM` and `AVG`.
final class OverTotalRunner<Total: OverTotal>: OverRunner {
    private let call: OverCall
    private let function: AggregateCall.Function
    private let isSliding: Bool
    /// Of each partition.
    private var totals: [Total] = []
    /// Before each row of the history, where the frames slide.
    private var before: [Total] = []

    /// - Parameter isSliding: the frames begin with a row that moves.
    init(_ call: OverCall, _ function: AggregateCall.Function, isSliding: Bool) {
        self.call = call
        self.function = function
        self.isSliding = isSliding
        // Of values that are counted alone, it matters only whether they are null.
        let isCount = function == .count || function == .countAll
        super.init(argumentType: !isSliding ? nil : isCount ? .int64 : call.argument?.type.fieldType ?? .int64)
    }

    override var isRunning: Bool { !isSliding }

    override func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        if isReplay, !isSliding { return nil }
        totals.grow(to: run.partitionCount, filling: Total())
        var after: [Total] = []
        after.reserveCapacity(run.count)
        let values = argument.map { Total.values(of: $0) }
        for (index, partition) in run.partitions.enumerated() {
            let partition = Int(partition)
            if isSliding { before.append(totals[partition]) }
            if let argument, let values, !argument.isNull(index) { totals[partition].add(values[index]) }
            after.append(totals[partition])
        }
        if isReplay { return nil }
        if call.frame.unit == .range { after = run.peerEnds.map { after[Int($0) - 1] } }
        if let frames { for index in after.indices { after[index] = after[index] - before[frames.firsts[index]] } }
        return Total.column(after, function, call.type)
    }

    override func forgetHistory() {
        super.forgetHistory()
        guard isSliding else { return }
        totals = []
        before = []
    }

    override func forgetRunning() { if isRunning { totals = [] } }

    override func stateColumns(partitionCount: Int) -> [Column] {
        guard isRunning else { return [] }
        totals.grow(to: partitionCount, filling: Total())
        return Total.state(totals[..<partitionCount])
    }

    override func restore(
        _ columns: [Column], into partitions: [UInt32], partitionCount: Int
    ) throws(SQLError) {
        guard isRunning else { return }
        guard let saved = Total.saved(columns) else { throw StateCodec.damaged("the columns of a sum") }
        totals.grow(to: partitionCount, filling: Total())
        for (index, partition) in partitions.enumerated() { totals[Int(partition)] = saved[index] }
    }

    override var byteCount: Int {
        super.byteCount + (totals.capacity + before.capacity) * MemoryLayout<Total>.stride
    }
}
