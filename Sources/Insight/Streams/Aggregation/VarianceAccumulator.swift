import Columns
import SQL

/// `VAR_POP`, `VAR_SAMP`, `STDDEV_POP` and `STDDEV_SAMP`, by Welford's method, which doesn't lose small variances of large
/// values; states merge by Chan's.
final class VarianceAccumulator: Accumulator {
    private struct Moments {
        var count = 0.0
        var mean = 0.0
        /// The sum of the squared distances from the mean.
        var squares = 0.0

        mutating func add(_ value: Double) {
            count += 1
            let distance = value - mean
            mean += distance / count
            squares += distance * (value - mean)
        }

        /// What is left of no values, or of one, is exact, whatever was rounded on the way.
        mutating func remove(_ value: Double) {
            guard count > 1 else {
                self = Moments()
                return
            }
            let before = (mean * count - value) / (count - 1)
            squares = count > 2 ? max(0, squares - (value - mean) * (value - before)) : 0
            mean = before
            count -= 1
        }

        mutating func merge(_ other: Moments) {
            guard other.count > 0 else { return }
            let total = count + other.count
            let distance = other.mean - mean
            squares += other.squares + distance * distance * count * other.count / total
            mean += distance * other.count / total
            count = total
        }
    }

    private let variance: AggregateCall.Variance
    private var moments: [Moments] = []

    init(_ variance: AggregateCall.Variance) { self.variance = variance }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let values = column?.float64s else { return }
        var moments = take(&moments)
        moments.grow(to: input.groupCount, filling: Moments())
        Self.add(input, values, to: &moments)
        self.moments = moments
    }

    private static func add(_ input: GroupedRows, _ values: [Double], to moments: inout [Moments]) {
        let values = values.span
        var moments = moments.mutableSpan
        input.forEach { row, group in moments[group].add(values[row]) }
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let values = column?.float64s else { return }
        moments.grow(to: input.groupCount, filling: Moments())
        input.forEach { row, group in moments[group].remove(values[row]) }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? VarianceAccumulator else { return }
        var moments = take(&moments)
        moments.grow(to: groupCount, filling: Moments())
        for (group, theirs) in zip(groups, other.moments) { moments[Int(group)].merge(theirs) }
        self.moments = moments
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        moments.grow(to: groupCount, filling: Moments())
        let least = variance.isSample ? 2.0 : 1.0
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        let all = moments
        let values = groups.enumerated().map { row, group -> Double in
            let moments = all[Int(group)]
            guard moments.count >= least else {
                validity[row] = false
                hasNull = true
                return 0
            }
            let value = moments.squares / (variance.isSample ? moments.count - 1 : moments.count)
            return variance.isDeviation ? value.squareRoot() : value
        }
        return Column(
            type: .float64, count: groups.count, validity: hasNull ? validity : nil, storage: .float64(values))
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        moments.grow(to: groupCount, filling: Moments())
        let parts: [(Moments) -> Double] = [{ $0.count }, { $0.mean }, { $0.squares }]
        return parts.map { part in
            Column(
                type: .float64, count: groups.count, validity: nil,
                storage: .float64(groups.map { part(moments[Int($0)]) }))
        }
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard columns.count == 3 else { throw StateCodec.damaged("the columns of an aggregate") }
        let counts = try require(columns[0].float64s)
        let means = try require(columns[1].float64s)
        let squares = try require(columns[2].float64s)
        moments.grow(to: groupCount, filling: Moments())
        let saved = groups.indices.map { Moments(count: counts[$0], mean: means[$0], squares: squares[$0]) }
        moments.put(saved, at: groups)
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { moments.capacity * MemoryLayout<Moments>.stride }
}
