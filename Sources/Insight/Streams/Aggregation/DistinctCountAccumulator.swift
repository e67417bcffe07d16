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

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        sketches.grow(to: groupCount, filling: HyperLogLog())
        let counts = groups.map { sketches[Int($0)].estimate() }
        return Column(type: .int64, count: groups.count, validity: nil, storage: .int64(counts))
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        sketches.grow(to: groupCount, filling: HyperLogLog())
        var strings = ByteStrings()
        for group in groups { strings.append(sketches[Int(group)].encoded()) }
        return [Column(type: .bytes, count: groups.count, validity: nil, storage: .byteStrings(strings))]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        sketches.grow(to: groupCount, filling: HyperLogLog())
        for (index, group) in groups.enumerated() {
            let bytes = Array(try require(column.bytes(index)))
            sketches[Int(group)] = try require(HyperLogLog(decoding: bytes.span))
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
