import Bytes
import Columns
import SQL

/// `APPROX_COUNT_DISTINCT`.
final class DistinctCountAccumulator: Accumulator {
    private var sketches: [HyperLogLog] = []
    private var bytes = 0
    private var changesSinceMeasured = 0

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        var sketches = take(&sketches)
        sketches.grow(to: input.groupCount, filling: HyperLogLog())
        let hashes = ValueHash.hashes(of: column)
        switch hashes {
        case .perRow(let hashes): input.forEach { row, group in sketches[group].insert(hash: hashes[row]) }
        case .perCode(let hashes, let codes):
            input.forEach { row, group in sketches[group].insert(hash: hashes[Int(codes[row])]) }
        }
        self.sketches = sketches
        measure(after: input.groups.count)
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? DistinctCountAccumulator else { return }
        sketches.grow(to: groupCount, filling: HyperLogLog())
        for (group, sketch) in zip(groups, other.sketches) { sketches[Int(group)].merge(sketch) }
        measure(after: groups.count)
    }

    override func finish(groupCount: Int) -> Column {
        sketches.grow(to: groupCount, filling: HyperLogLog())
        let counts = [Int64](capacity: groupCount) { out in
            for group in 0..<groupCount { out.append(sketches[group].estimate()) }
        }
        return Column(type: .int64, count: groupCount, validity: nil, storage: .int64(counts))
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

    override func finish(groupCount: Int) -> Column {
        sketches.grow(to: groupCount, filling: QuantileSketch())
        var validity = Bitmap(repeating: true, count: groupCount)
        var hasNull = false
        var values: [Double] = []
        values.reserveCapacity(groupCount)
        for group in 0..<groupCount {
            if let value = sketches[group].quantile(fraction) {
                values.append(value)
            } else {
                validity[group] = false
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
            type: type.fieldType, count: groupCount, validity: hasNull ? validity : nil, storage: storage)
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

/// 64 mixed bits of each value of a column; the same value has the same hash in every batch and encoding.
enum ValueHash {
    enum Hashes {
        case perRow([UInt64])
        case perCode([UInt64], codes: [UInt32])
    }

    /// Fixed: the sketches of two processes, or of two runs, merge.
    private static let seed: UInt64 = 0x5153_7175_696c_6c61

    static func hashes(of column: Column) -> Hashes {
        switch column.storage {
        case .int64(let values): .perRow(values.map { mix(UInt64(bitPattern: $0)) })
        case .float64(let values): .perRow(values.map { mix($0.keyBits) })
        case .bool(let values):
            .perRow((0..<values.count).map { mix(values[$0] ? 1 : 0) })
        case .ip(let values):
            .perRow(values.map { mix($0.low ^ mix($0.high)) })
        case .byteStrings(let strings): .perRow(hashes(of: strings))
        case .dictionary(let codes, let values): .perCode(hashes(of: values), codes: codes)
        }
    }

    /// One round leaves neighbours in a regular pattern, which a sketch takes for more values than there are.
    static func mix(_ bits: UInt64) -> UInt64 { ByteHash.mix(ByteHash.mix(bits, seed: seed), seed: seed) }

    private static func hashes(of strings: ByteStrings) -> [UInt64] {
        let bytes = strings.bytes.span
        return [UInt64](capacity: strings.count) { out in
            for index in 0..<strings.count {
                out.append(ByteHash.hash(bytes.extracting(strings.range(index)), seed: seed))
            }
        }
    }
}

extension Double {
    /// The bits under which equal numbers are equal keys: one zero, one not-a-number.
    var keyBits: UInt64 { self == 0 ? 0 : isNaN ? Double.nan.bitPattern : bitPattern }
}
