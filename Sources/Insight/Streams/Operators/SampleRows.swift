import Bytes
import Columns
import SQL

/// `SAMPLE RANDOM n`: each row by chance.
struct SampleRandom: StreamOperator {
    private let threshold: UInt64
    /// Of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
    private var generator: UInt64
    private(set) var sampledOutRows = 0

    init(fraction: Double, seed: Int64) {
        threshold = fraction.hashThreshold
        generator = UInt64(bitPattern: seed)
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var state = generator
        let threshold = threshold
        let rows = [UInt32](capacity: batch.rowCount) { out in
            for row in 0..<UInt32(batch.rowCount) {
                state &+= 0x9e37_79b9_7f4a_7c15
                var bits = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
                bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
                if bits ^ (bits >> 31) <= threshold { out.append(row) }
            }
        }
        generator = state
        sampledOutRows += batch.rowCount - rows.count
        batch.append(rows: rows, to: &output)
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "generator"] = Int64(bitPattern: generator)
        state[number: "sampled_out"] = Int64(sampledOutRows)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        if let saved = state[number: "generator"] { generator = UInt64(bitPattern: saved) }
        sampledOutRows = Int(state[number: "sampled_out"] ?? 0)
        return []
    }
}

/// `SAMPLE STICKY(keys) n`: all rows of a part of the keys. A key is in or out by its hash, in every run and process.
struct SampleSticky: StatelessOperator {
    private let keys: [RowExpression]
    private let threshold: UInt64
    private let salt: UInt64
    private let context: EvaluationContext
    private(set) var sampledOutRows = 0

    init(fraction: Double, keys: [BoundExpression], salt: Int64, context: EvaluationContext) throws(SQLError) {
        var compiled: [RowExpression] = []
        for key in keys { compiled.append(try RowExpression(key)) }
        self.keys = compiled
        self.threshold = fraction.hashThreshold
        self.salt = UInt64(bitPattern: salt)
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var hashes = [UInt64](repeating: salt, count: batch.rowCount)
        for key in keys { ValueHash.fold(try key.evaluate(batch, context), into: &hashes) }
        let threshold = threshold
        let span = hashes.span
        let rows = [UInt32](capacity: batch.rowCount) { out in
            for row in span.indices where span[row] <= threshold { out.append(UInt32(row)) }
        }
        sampledOutRows += batch.rowCount - rows.count
        batch.append(rows: rows, to: &output)
    }
}

extension Double {
    /// The largest of evenly spread 64-bit numbers that are in a part of them.
    fileprivate var hashThreshold: UInt64 {
        let scaled = self * 0x1p64
        return scaled >= 0x1p64 ? .max : UInt64(scaled)
    }
}

extension Batch {
    /// Appends these rows; the batch itself where they are all.
    func append(rows: [UInt32], to output: inout [Batch]) {
        if rows.count == rowCount {
            output.append(self)
        } else if !rows.isEmpty {
            output.append(select(rows: rows))
        }
    }
}
