import Bytes
import Columns
import SQL

/// Operator states as bytes.
///
///     number of states (varint); for each: its key, number of numbers, (name, zigzag value)…,
///     number of tables, (name, first record needed, 0 for none, number of batches, (length, `BatchCodec` bytes)…)…
enum StateCodec {
    /// More of one kind than any query has.
    private static let maximumCount: UInt64 = 1_000_000

    static func encode(_ states: [(key: String, state: OperatorState)], to bytes: inout [UInt8]) {
        Varint.append(UInt64(states.count), to: &bytes)
        for (key, state) in states {
            append(key, to: &bytes)
            Varint.append(UInt64(state.numbers.count), to: &bytes)
            for (name, value) in state.numbers.sorted(by: { $0.key < $1.key }) {
                append(name, to: &bytes)
                Varint.append(Varint.zigzag(value), to: &bytes)
            }
            Varint.append(UInt64(state.tables.count), to: &bytes)
            for table in state.tables {
                append(table.name, to: &bytes)
                Varint.append(UInt64(table.since ?? 0), to: &bytes)
                append(joined(table.batches), to: &bytes)
            }
        }
    }

    /// The same rows in batches of some thousands, so that a state of many small ones takes no longer to load than any.
    private static func joined(_ batches: [Batch]) -> [Batch] {
        var joined: [Batch] = []
        var small: [Batch] = []
        var rows = 0
        for batch in batches {
            let fits = rows + batch.rowCount <= Batch.usualRowCount && batch.schema == small.first?.schema
            if !fits, !small.isEmpty {
                joined.append(.concatenate(small))
                (small, rows) = ([], 0)
            }
            small.append(batch)
            rows += batch.rowCount
        }
        return small.isEmpty ? joined : joined + [.concatenate(small)]
    }

    static func append(_ text: String, to bytes: inout [UInt8]) {
        Varint.append(UInt64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }

    static func append(_ batches: [Batch], to bytes: inout [UInt8]) {
        append(batches.map { BatchCodec.encode($0) }, to: &bytes)
    }

    /// - Parameter batches: as `BatchCodec` writes them.
    static func append(_ batches: [[UInt8]], to bytes: inout [UInt8]) {
        Varint.append(UInt64(batches.count), to: &bytes)
        for batch in batches {
            Varint.append(UInt64(batch.count), to: &bytes)
            bytes.append(contentsOf: batch)
        }
    }

    static func decodeStates(
        _ bytes: Span<UInt8>, at index: inout Int
    ) throws(SQLError) -> [(key: String, state: OperatorState)] {
        var states: [(key: String, state: OperatorState)] = []
        for _ in 0..<(try count(bytes, at: &index)) {
            let key = try text(bytes, at: &index)
            var numbers: [String: Int64] = [:]
            for _ in 0..<(try count(bytes, at: &index)) {
                let name = try text(bytes, at: &index)
                numbers[name] = Varint.unzigzag(try number(bytes, at: &index))
            }
            var tables: [OperatorState.Table] = []
            for _ in 0..<(try count(bytes, at: &index)) {
                let name = try text(bytes, at: &index)
                let since = try natural(bytes, at: &index)
                let batches = try batches(bytes, at: &index)
                tables.append(.init(name: name, batches: batches, since: since == 0 ? nil : since))
            }
            states.append((key, OperatorState(tables: tables, numbers: numbers)))
        }
        return states
    }

    static func batches(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> [Batch] {
        var batches: [Batch] = []
        for _ in 0..<(try count(bytes, at: &index)) {
            let range = try take(bytes, at: &index)
            do throws(CodecError) {
                batches.append(try BatchCodec.decode(bytes.extracting(range)))
            } catch {
                throw damaged("\(error)")
            }
        }
        return batches
    }

    static func text(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> String {
        let range = try take(bytes, at: &index)
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        for place in range { text.append(bytes[place]) }
        return String(decoding: text, as: UTF8.self)
    }

    static func number(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> UInt64 {
        guard let value = Varint.read(bytes, at: &index) else { throw damaged("it ends early") }
        return value
    }

    /// A number that is not negative, such as an offset or that of a record.
    static func natural(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> Int64 {
        let value = try number(bytes, at: &index)
        guard let natural = Int64(exactly: value) else { throw damaged("a number of \(value)") }
        return natural
    }

    static func count(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> Int {
        let value = try number(bytes, at: &index)
        guard value <= maximumCount else { throw damaged("a count of \(value)") }
        return Int(value)
    }

    private static func take(_ bytes: Span<UInt8>, at index: inout Int) throws(SQLError) -> Range<Int> {
        let length = try number(bytes, at: &index)
        guard length <= UInt64(bytes.count - index) else { throw damaged("it ends early") }
        defer { index += Int(length) }
        return index..<index + Int(length)
    }

    static func damaged(_ reason: String) -> SQLError {
        SQLError(code: .corruptState, message: "the checkpoint is damaged: \(reason)")
    }
}
