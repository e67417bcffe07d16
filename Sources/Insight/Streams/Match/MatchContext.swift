import Columns
import SQL

/// What the searches of all partitions share: the layout, room to work in, and the matches found.
struct MatchContext: ~Copyable {
    /// Ways a partition's rows can be taken at a time. Patterns and conditions that leave more open than this would
    /// take a time that grows with its square.
    static let maximumPartialMatches = 1_000

    let layout: MatchLayout
    var work = MatchWork()
    var scratch: [Int64] = []
    /// The partial matches of the step at hand, in order of preference.
    var states: [Int] = []
    var registers: [Int64] = []
    private var hashes: [UInt64] = []
    private var found: BatchBuilder
    /// Rows go the way they went before a checkpoint: what fails is known.
    var isReplaying = false
    /// The row that a condition failed on last.
    private var failed: MatchRows.Place?

    init(layout: MatchLayout) {
        self.layout = layout
        self.found = BatchBuilder(schema: layout.readSchema, capacity: 16)
    }

    mutating func clear() {
        states.removeAll(keepingCapacity: true)
        registers.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
    }

    mutating func copy(_ registers: [Int64], at start: Int, _ width: Int) {
        scratch.removeAll(keepingCapacity: true)
        for index in start..<start + width { scratch.append(registers[index]) }
    }

    /// Whether the row at `place`, which `scratch` knows, satisfies a condition that looks at other rows. Where failures are
    /// set aside, a row that it fails on doesn't.
    mutating func isTrue(
        _ condition: MatchCondition, place: MatchRows.Place, rows: MatchedRows, _ store: MatchRows
    ) throws(SQLError) -> Bool {
        do throws(SQLError) {
            return try condition.isTrue(scratch, layout.conditionSources, place: place, rows: rows, store)
        } catch {
            guard let letters = layout.deadLetters, error.isOfOneRow else { throw error }
            // Other ways to take the row fail alike.
            if !isReplaying, failed != place { letters.setAside(store.row(place), step: "DEFINE", error) }
            failed = place
            return false
        }
    }

    /// Adds the partial match in `scratch`; false where a preferred one has the same future.
    mutating func add(_ state: Int) throws(SQLError) -> Bool {
        var hash = UInt64(state) &* 0x9E37_79B9_7F4A_7C15
        for index in 0..<layout.conditionRegisters {
            hash = (hash ^ UInt64(bitPattern: scratch[index])) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        for index in hashes.indices where hashes[index] == hash {
            if isSame(state, as: index) { return false }
        }
        guard states.count < Self.maximumPartialMatches else {
            throw SQLError(
                code: .limitExceeded,
                message: "MATCH_RECOGNIZE follows more than \(Self.maximumPartialMatches) partial matches at a row",
                suggestion: "make the conditions of neighbouring variables exclude each other, or add WITHIN")
        }
        states.append(state)
        registers.append(contentsOf: scratch)
        hashes.append(hash)
        return true
    }

    private func isSame(_ state: Int, as index: Int) -> Bool {
        guard states[index] == state else { return false }
        let start = index * layout.registers.count
        for register in 0..<layout.conditionRegisters where registers[start + register] != scratch[register] {
            return false
        }
        return true
    }

    mutating func dropLast(_ width: Int) {
        states.removeLast()
        registers.removeLast(width)
        hashes.removeLast()
    }

    /// Notes a match, with the partition's columns of its first row.
    mutating func emit(_ match: [Int64], rows: MatchedRows, _ store: MatchRows) {
        let first = rows[0]
        for key in 0..<layout.keyCount { found[key].append(store[key, first], row: MatchRows.row(first)) }
        for (index, source) in layout.measureSources.enumerated() {
            found[layout.keyCount + index].append(source, match, place: first, rows: rows, store)
        }
        found.endRow()
    }

    /// The answer's rows for what was found since the last call.
    mutating func answer(into output: inout [Batch]) throws(SQLError) {
        guard found.rowCount > 0 else { return }
        for answer in try layout.answers(found.finish()) { answer.appendPieces(to: &output) }
    }
}
