import Columns

/// Two states of the same rows, group by group, as the changes between them.
struct ChangeRows {
    /// Of what was and what is, one behind the other: the rows to tell of.
    private(set) var rows: [UInt32] = []
    private(set) var kinds: [ChangeKind] = []

    init(capacity: Int) {
        rows.reserveCapacity(capacity)
        kinds.reserveCapacity(capacity)
    }

    mutating func insert(_ row: Int) {
        rows.append(UInt32(row))
        kinds.append(.insert)
    }

    mutating func delete(_ row: Int) {
        rows.append(UInt32(row))
        kinds.append(.delete)
    }

    mutating func update(_ before: Int, to after: Int) {
        rows.append(UInt32(before))
        rows.append(UInt32(after))
        kinds.append(.updateBefore)
        kinds.append(.updateAfter)
    }

    /// The changes as batches.
    ///
    /// - Parameter source: what `rows` are of: the columns without kinds.
    func emit(_ source: Batch, schema: Schema, to output: inout [Batch]) {
        guard !rows.isEmpty else { return }
        let columns = source.columns.map { $0.select(rows: rows) } + [ChangeColumn.make(kinds)]
        Batch(schema: schema, rowCount: rows.count, columns: columns).appendPieces(kinds, to: &output)
    }

    /// The rows of two batches of one length that are not the same, null being the same as null.
    static func differences(_ left: [Column], _ right: [Column], count: Int) -> [Bool] {
        var differs = Array(repeating: false, count: count)
        for (left, right) in zip(left, right) {
            for row in 0..<count where !differs[row] && !left.isSame(row, as: right, row) { differs[row] = true }
        }
        return differs
    }
}

extension Column {
    /// Whether two values of one type are the same; null is the same as null, not-a-number as itself.
    func isSame(_ row: Int, as other: Column, _ otherRow: Int) -> Bool {
        let isNull = isNull(row)
        guard isNull == other.isNull(otherRow) else { return false }
        if isNull { return true }
        switch (storage, other.storage) {
        case (.int64(let left), .int64(let right)): return left[row] == right[otherRow]
        case (.float64(let left), .float64(let right)): return left[row].keyBits == right[otherRow].keyBits
        case (.bool(let left), .bool(let right)): return left[row] == right[otherRow]
        case (.ip(let left), .ip(let right)): return left[row] == right[otherRow]
        case (.decimal(let left), .decimal(let right)): return left[row] == right[otherRow]
        default:
            guard let left = bytes(row), let right = other.bytes(otherRow) else { return false }
            return left == right
        }
    }
}
