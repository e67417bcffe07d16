import Columns
import SQL

/// `APPROX_PERCENTILE`.
final class PercentileAccumulator: Accumulator {
    private let type: SQLType
    private let fraction: Double
    private var sketches: [QuantileSketch] = []
    private var bytes = 0
    private var changesSinceMeasured = 0

    init(type: SQLType, fraction: Double) {
        self.type = type
        self.fraction = fraction
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        var sketches = take(&sketches)
        sketches.grow(to: input.groupCount, filling: QuantileSketch())
        switch column.storage {
        case .int64(let values): Self.insert(input, values, &sketches) { Double($0) }
        case .float64(let values): Self.insert(input, values, &sketches) { $0 }
        default: break
        }
        self.sketches = sketches
        measure(after: input.groups.count)
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        sketches.grow(to: input.groupCount, filling: QuantileSketch())
        switch column.storage {
        case .int64(let values): input.forEach { row, group in sketches[group].remove(Double(values[row])) }
        case .float64(let values): input.forEach { row, group in sketches[group].remove(values[row]) }
        default: break
        }
    }

    @inline(__always)
    private static func insert<Value>(
        _ input: GroupedRows, _ values: [Value], _ sketches: inout [QuantileSketch], _ number: (Value) -> Double
    ) {
        let values = values.span
        var sketches = sketches.mutableSpan
        input.forEach { row, group in sketches[group].insert(number(values[row])) }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? PercentileAccumulator else { return }
        sketches.grow(to: groupCount, filling: QuantileSketch())
        for (group, sketch) in zip(groups, other.sketches) { sketches[Int(group)].merge(sketch) }
        measure(after: groups.count)
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        sketches.grow(to: groupCount, filling: QuantileSketch())
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        var values: [Double] = []
        values.reserveCapacity(groups.count)
        for group in groups {
            if let value = sketches[Int(group)].quantile(fraction) {
                values.append(value)
            } else {
                validity[values.count] = false
                hasNull = true
                values.append(0)
            }
        }
        let storage: Column.Storage
        if type.fieldType == .float64 {
            storage = .float64(values)
        } else {
            storage = .int64(values.map { Int64(exactly: $0.rounded()) ?? ($0 < 0 ? .min : .max) })
        }
        return Column(
            type: type.fieldType, count: values.count, validity: hasNull ? validity : nil, storage: storage)
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        sketches.grow(to: groupCount, filling: QuantileSketch())
        var strings = ByteStrings()
        for group in groups { strings.append(sketches[Int(group)].encoded()) }
        return [Column(type: .bytes, count: groups.count, validity: nil, storage: .byteStrings(strings))]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        sketches.grow(to: groupCount, filling: QuantileSketch())
        for (index, group) in groups.enumerated() {
            let bytes = Array(try require(column.bytes(index)))
            sketches[Int(group)] = try require(QuantileSketch(decoding: bytes.span))
        }
        measure(after: groups.count)
    }

    override var byteCount: Int { bytes }

    /// Adds up what the sketches hold, about as often as each has changed once.
    private func measure(after changes: Int) {
        changesSinceMeasured += changes
        guard changesSinceMeasured >= sketches.count else { return }
        changesSinceMeasured = 0
        var total = 0
        for sketch in sketches { total += sketch.byteCount }
        bytes = total
    }
}
