import Bytes
import Columns
import EventLog
import SQL

/// A job at a barrier: how far each input was read, what each stage keeps, and the rows that were answered since the
/// barrier before. It is written before those rows are, so that a job that comes back knows whether they went out.
///
/// Checkpoints are records: large tables hold only what changed, and need the records since an earlier one beside them.
///
///     "SQCK", version (1 byte), sequence, epoch, inputs, states (`StateCodec`), outputs, CRC-32C of all before (4 bytes)
///
/// The rows for a topic stand there as its frames have them, with job and epoch; in version 2 they had neither.
struct Checkpoint: Sendable {
    struct Input: Sendable {
        /// Which scan of the plan, and of what.
        var key: String
        /// The offset of the next row by partition; of a bounded input the rows read, as partition 0.
        var offsets: [Int: Int64]
        var watermark: Int64
        /// The latest event time seen.
        var latestTime: Int64
    }

    struct Output: Sendable {
        var target: String
        /// The end of the target's partition before this epoch's rows.
        var firstOffset: Int64
        var rows: JobOutput.Rows

        /// What was read back, or is for another place than a topic.
        var batches: [Batch] {
            switch rows {
            case .appends(let pieces): pieces.map(\.batch)
            case .batches(let batches): batches
            }
        }
    }

    /// The number of the record, from 1 up. A job that goes back to a savepoint has a lower epoch, and goes on counting
    /// records.
    var sequence: Int64
    var epoch: Int64
    var inputs: [Input]
    var states: [(key: String, state: OperatorState)]
    var outputs: [Output]
    /// Rows in, out, late and rejected since the job began: for people, and to go on counting.
    var counts: [String: Int64]

    private static let magic: [UInt8] = Array("SQCK".utf8)
    private static let version: UInt8 = 3
    private static let earliestVersion: UInt8 = 2

    /// The first record that is needed to go on from this one.
    var since: Int64 { min(states.compactMap(\.state.since).min() ?? sequence, sequence) }

    /// This record with what the one before holds of the tables that are not whole.
    func following(_ earlier: Checkpoint) -> Checkpoint {
        // The text may have been changed in between: its statements had other numbers then.
        let before = earlier.renumbered(for: outputs.map(\.target))
        let known = Dictionary(before.states.map { ($0.key, $0.state) }, uniquingKeysWith: { first, _ in first })
        var joined = self
        joined.states = states.map { key, state in
            (key, known[key].map { state.following($0, sequence: sequence) } ?? state)
        }
        return joined
    }

    func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.append(Self.version)
        Varint.append(UInt64(sequence), to: &bytes)
        Varint.append(UInt64(epoch), to: &bytes)
        Varint.append(UInt64(inputs.count), to: &bytes)
        for input in inputs {
            StateCodec.append(input.key, to: &bytes)
            Varint.append(Varint.zigzag(input.watermark), to: &bytes)
            Varint.append(Varint.zigzag(input.latestTime), to: &bytes)
            Varint.append(UInt64(input.offsets.count), to: &bytes)
            for (partition, offset) in input.offsets.sorted(by: { $0.key < $1.key }) {
                Varint.append(UInt64(partition), to: &bytes)
                Varint.append(UInt64(bitPattern: offset), to: &bytes)
            }
        }
        StateCodec.encode(states, to: &bytes)
        Varint.append(UInt64(outputs.count), to: &bytes)
        for output in outputs {
            StateCodec.append(output.target, to: &bytes)
            Varint.append(UInt64(output.firstOffset), to: &bytes)
            switch output.rows {
            case .appends(let pieces): StateCodec.append(pieces.flatMap { $0.frames.map(\.bytes) }, to: &bytes)
            case .batches(let batches): StateCodec.append(batches, to: &bytes)
            }
        }
        Varint.append(UInt64(counts.count), to: &bytes)
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            StateCodec.append(name, to: &bytes)
            Varint.append(Varint.zigzag(count), to: &bytes)
        }
        let checksum = CRC32C.checksum(bytes.span)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: checksum >> shift))
        }
        return bytes
    }

    /// - Throws: `corrupt_state`.
    init(decoding bytes: Span<UInt8>) throws(SQLError) {
        guard bytes.count > 9, (0..<4).allSatisfy({ bytes[$0] == Self.magic[$0] }) else {
            throw StateCodec.damaged("it is none")
        }
        guard (Self.earliestVersion...Self.version).contains(bytes[4]) else {
            throw StateCodec.damaged("its version is \(bytes[4])")
        }
        var checksum: UInt32 = 0
        for index in 0..<4 { checksum |= UInt32(bytes[bytes.count - 4 + index]) << UInt32(index * 8) }
        let body = bytes.extracting(0..<bytes.count - 4)
        guard CRC32C.checksum(body) == checksum else { throw StateCodec.damaged("its checksum is wrong") }
        var index = 5
        sequence = try StateCodec.natural(body, at: &index)
        epoch = try StateCodec.natural(body, at: &index)
        inputs = []
        for _ in 0..<(try StateCodec.count(body, at: &index)) { inputs.append(try Self.input(body, at: &index)) }
        states = try StateCodec.decodeStates(body, at: &index)
        outputs = []
        for _ in 0..<(try StateCodec.count(body, at: &index)) {
            let target = try StateCodec.text(body, at: &index)
            let offset = try StateCodec.natural(body, at: &index)
            outputs.append(
                Output(
                    target: target, firstOffset: offset, rows: .batches(try StateCodec.batches(body, at: &index))))
        }
        counts = [:]
        for _ in 0..<(try StateCodec.count(body, at: &index)) {
            let name = try StateCodec.text(body, at: &index)
            counts[name] = Varint.unzigzag(try StateCodec.number(body, at: &index))
        }
    }

    init(
        sequence: Int64, epoch: Int64, inputs: [Input], states: [(key: String, state: OperatorState)],
        outputs: [Output], counts: [String: Int64]
    ) {
        self.sequence = sequence
        self.epoch = epoch
        self.inputs = inputs
        self.states = states
        self.outputs = outputs
        self.counts = counts
    }

    /// What was to go to one of the outputs, in its columns: of several with one target, the one in the same place among
    /// them. `nil` where there is none, or where the job was changed and writes other columns.
    func output(like index: Int, of all: [JobOutput]) -> (firstOffset: Int64, batches: [Batch])? {
        let rank = all[..<index].count { $0.target == all[index].target }
        let saved = outputs.filter { $0.target == all[index].target }
        guard rank < saved.count else { return nil }
        var batches: [Batch] = []
        for rows in saved[rank].batches {
            guard let own = all[index].unmarked(rows) else { return nil }
            batches.append(own)
        }
        return (saved[rank].firstOffset, batches)
    }

    private static func input(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> Input {
        let key = try StateCodec.text(bytes, at: &index)
        let watermark = Varint.unzigzag(try StateCodec.number(bytes, at: &index))
        let latest = Varint.unzigzag(try StateCodec.number(bytes, at: &index))
        var offsets: [Int: Int64] = [:]
        for _ in 0..<(try StateCodec.count(bytes, at: &index)) {
            let partition = Int(try StateCodec.natural(bytes, at: &index))
            offsets[partition] = Int64(bitPattern: try StateCodec.number(bytes, at: &index))
        }
        return Input(key: key, offsets: offsets, watermark: watermark, latestTime: latest)
    }
}
