import Columns

/// The rows that partial matches may still need, in the batches they came in.
struct MatchRows {
    /// A row's place: the batch in the upper half, the row in the lower.
    typealias Place = UInt64

    private(set) var batches: [Batch] = []
    private(set) var byteCount = 0
    private(set) var rowCount = 0

    /// - Returns: the place of the batch's first row; the others follow.
    mutating func append(_ batch: Batch) -> Place {
        batches.append(batch)
        byteCount += batch.memoryBytes
        rowCount += batch.rowCount
        return Place(batches.count - 1) << 32
    }

    /// All rows at `places`, in that order.
    func gather(_ places: [Place]) -> Batch? {
        guard !places.isEmpty, !batches.isEmpty else { return nil }
        var starts: [UInt32] = []
        var start: UInt32 = 0
        for batch in batches {
            starts.append(start)
            start += UInt32(batch.rowCount)
        }
        let rows = places.map { starts[Int($0 >> 32)] + UInt32(truncatingIfNeeded: $0) }
        return Batch.concatenate(batches).select(rows: rows).compacted()
    }

    func row(_ place: Place) -> Batch {
        let row = Self.row(place)
        return batches[Int(place >> 32)].slice(row..<row + 1)
    }

    func integer(_ column: Int, _ place: Place) -> Int64 {
        guard case .int64(let values) = self[column, place].storage else { return 0 }
        return values[Self.row(place)]
    }

    func isTrue(_ column: Int, _ place: Place) -> Bool {
        let values = self[column, place]
        guard case .bool(let bits) = values.storage else { return false }
        let row = Self.row(place)
        return bits[row] && !values.isNull(row)
    }

    func isNull(_ column: Int, _ place: Place) -> Bool { self[column, place].isNull(Self.row(place)) }

    func value(_ column: Int, _ place: Place) -> MatchValue {
        let values = self[column, place]
        let row = Self.row(place)
        if values.isNull(row) { return .null }
        switch values.storage {
        case .int64(let integers): return .integer(integers[row])
        case .float64(let doubles): return .double(doubles[row])
        case .bool(let bits): return .bool(bits[row])
        case .decimal(let decimals): return .decimal(decimals[row])
        case .byteStrings, .dictionary, .ip: return .null
        }
    }

    /// Less than 0, 0 or more than 0. Neither is null.
    func compare(_ column: Int, _ left: Place, _ right: Place) -> Int {
        let (leftColumn, rightColumn) = (self[column, left], self[column, right])
        let (leftRow, rightRow) = (Self.row(left), Self.row(right))
        switch (leftColumn.storage, rightColumn.storage) {
        case (.int64(let first), .int64(let second)): return Self.order(first[leftRow], second[rightRow])
        case (.float64(let first), .float64(let second)):
            // Not-a-number is the largest, as in the aggregates.
            let (first, second) = (first[leftRow], second[rightRow])
            if first.isNaN || second.isNaN { return Self.order(first.isNaN ? 1 : 0, second.isNaN ? 1 : 0) }
            return Self.order(first, second)
        case (.bool(let first), .bool(let second)):
            return Self.order(first[leftRow] ? 1 : 0, second[rightRow] ? 1 : 0)
        case (.decimal(let first), .decimal(let second)): return Self.order(first[leftRow], second[rightRow])
        case (.ip(let first), .ip(let second)): return Self.order(first[leftRow], second[rightRow])
        default:
            let (first, second) = (leftColumn.bytes(leftRow) ?? [], rightColumn.bytes(rightRow) ?? [])
            if first.lexicographicallyPrecedes(second) { return -1 }
            return second.lexicographicallyPrecedes(first) ? 1 : 0
        }
    }

    subscript(column: Int, place: Place) -> Column { batches[Int(place >> 32)].columns[column] }

    static func row(_ place: Place) -> Int { Int(UInt32(truncatingIfNeeded: place)) }

    private static func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
        left < right ? -1 : left == right ? 0 : 1
    }
}

/// The rows of an attempt, by their numbers from its first row on.
struct MatchedRows {
    let places: [MatchRows.Place]
    let start: Int

    subscript(row: Int64) -> MatchRows.Place { places[start + Int(row)] }
}

/// A value of a condition over a partial match.
enum MatchValue {
    case null
    case integer(Int64)
    case double(Double)
    /// In units of the scale of its type.
    case decimal(Int128)
    case bool(Bool)
}
