import Columns
import SQL

/// `SAMPLE RPS n`: the first rows of each second of event time.
///
/// With weights (`EXTRAPOLATE`) the rows of a second wait until it is over, and then say how many each stands for.
/// Rows that come after their second is over count in the earliest one that is not.
struct SampleRate: StreamOperator {
    private struct Second {
        var seen: Int64 = 0
        var held: [Batch] = []
    }

    /// Seconds that are counted at a time; the earliest of more are over.
    private static let maximumSeconds = 65_536

    private let rowsPerSecond: Int64
    private let timeColumn: Int
    /// Of the output.
    private let schema: Schema
    private let appendsWeight: Bool
    private var seconds: [Int64: Second] = [:]
    /// The earliest second that isn't over.
    private var earliest = Int64.min
    private var heldBytes = 0
    private(set) var sampledOutRows = 0
    /// Rows without a time belong to no second.
    private(set) var lateRows = 0

    init(rowsPerSecond: Int, timeColumn: Int, appendsWeight: Bool, schema: Schema) {
        self.rowsPerSecond = Int64(rowsPerSecond)
        self.timeColumn = timeColumn
        self.appendsWeight = appendsWeight
        self.schema = schema
    }

    var keeps: String? { "the rows and counts of the seconds that are not over" }

    var stateBytes: Int { heldBytes + seconds.capacity * 40 }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let places = secondsOfRows(batch)
        var rows: [UInt32] = []
        var start = 0
        while start < places.count {
            // Rows come more or less in order: runs of one second are counted together.
            var end = start + 1
            while end < places.count, places[end] == places[start] { end += 1 }
            if places[start] != .min {
                let kept = take(end - start, of: places[start])
                sampledOutRows += end - start - kept
                if appendsWeight {
                    hold(batch, start..<start + kept, of: places[start])
                } else {
                    rows.append(contentsOf: UInt32(start)..<UInt32(start + kept))
                }
            }
            start = end
        }
        if !appendsWeight { batch.append(rows: rows, to: &output) }
        if seconds.count > Self.maximumSeconds {
            let sorted = seconds.keys.sorted()
            close(before: sorted[sorted.count / 2], output: &output)
        }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark < .max else { return }
        close(before: Self.second(watermark + 1), output: &output)
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        close(before: .max, output: &output)
    }

    private static func second(_ time: Int64) -> Int64 {
        time >= 0 ? time / 1_000_000 : (time + 1) / 1_000_000 - 1
    }

    /// The second that each row counts in; the least number for a row without a time.
    private mutating func secondsOfRows(_ batch: Batch) -> [Int64] {
        let column = batch.columns[timeColumn]
        guard let times = column.int64s else { return [] }
        let validity = column.validity
        let (span, earliest) = (times.span, max(earliest, .min + 1))
        if let validity { lateRows += batch.rowCount - validity.setCount }
        return [Int64](capacity: times.count) { out in
            for row in span.indices {
                out.append(validity?[row] == false ? .min : max(Self.second(span[row]), earliest))
            }
        }
    }

    /// - Returns: how many of `count` rows a second still has room for.
    private mutating func take(_ count: Int, of second: Int64) -> Int {
        let seen = seconds[second, default: Second()].seen
        seconds[second, default: Second()].seen = seen + Int64(count)
        return Int(min(Int64(count), max(0, rowsPerSecond - seen)))
    }

    private mutating func hold(_ batch: Batch, _ rows: Range<Int>, of second: Int64) {
        guard !rows.isEmpty else { return }
        let piece = batch.select(rows: rows.map { UInt32($0) }).compacted()
        heldBytes += piece.memoryBytes
        seconds[second]?.held.append(piece)
    }

    /// Seconds before this one are over.
    private mutating func close(before second: Int64, output: inout [Batch]) {
        guard second > earliest else { return }
        earliest = second
        for over in seconds.keys.filter({ $0 < second }).sorted() {
            guard let closed = seconds.removeValue(forKey: over), !closed.held.isEmpty else { continue }
            let rows = Batch.concatenate(closed.held)
            for piece in closed.held { heldBytes -= piece.memoryBytes }
            let weight = Double(closed.seen) / Double(rows.rowCount)
            let weights = Column(
                type: .float64, count: rows.rowCount, validity: nil,
                storage: .float64([Double](repeating: weight, count: rows.rowCount)))
            output.append(Batch(schema: schema, rowCount: rows.rowCount, columns: rows.columns + [weights]))
        }
    }
}

extension SampleRate {
    private static let secondsSchema = Schema([Field("second", .int64), Field("seen", .int64), Field("held", .int64)])

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "earliest"] = earliest
        state[number: "late"] = Int64(lateRows)
        state[number: "sampled_out"] = Int64(sampledOutRows)
        let order = seconds.sorted { $0.key < $1.key }
        let numbers = [
            order.map(\.key), order.map(\.value.seen),
            order.map { $0.value.held.reduce(0) { $0 + Int64($1.rowCount) } },
        ]
        let columns = numbers.map { Column(type: .int64, count: order.count, validity: nil, storage: .int64($0)) }
        state.append([Batch(schema: Self.secondsSchema, rowCount: order.count, columns: columns)], as: "seconds")
        let held = order.flatMap(\.value.held)
        if !held.isEmpty { state.append(held, as: "held") }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        earliest = state[number: "earliest"] ?? .min
        lateRows = Int(state[number: "late"] ?? 0)
        sampledOutRows = Int(state[number: "sampled_out"] ?? 0)
        let saved = state.batches("held")
        let rows = saved.isEmpty ? nil : Batch.concatenate(saved)
        var start = 0
        for batch in state.batches("seconds") {
            guard batch.schema == Self.secondsSchema, let places = batch.columns[0].int64s,
                let seen = batch.columns[1].int64s, let counts = batch.columns[2].int64s
            else { throw SQLError(code: .corruptState, message: "the seconds of SAMPLE RPS are damaged") }
            for index in places.indices {
                seconds[places[index]] = Second(seen: seen[index])
                guard counts[index] > 0, let rows, let count = Int(exactly: counts[index]) else { continue }
                guard count <= rows.rowCount - start else {
                    throw SQLError(code: .corruptState, message: "rows that SAMPLE RPS held are missing")
                }
                if appendsWeight { hold(rows, start..<start + count, of: places[index]) }
                start += count
            }
        }
        return []
    }
}
