import Bytes
import Columns

/// Numbers the distinct rows of the key columns: the groups of an aggregation, 0, 1, 2, …
///
/// Each key column has a dictionary of its values; several columns are joined two by two into pairs of numbers. So a
/// row costs a few look-ups of integers, strings are hashed once a dictionary code where the column has codes, and
/// no key is ever encoded.
struct GroupTable: ~Copyable {
    private let types: [FieldType]
    private var first: KeyDictionary
    private var others: [KeyColumn]
    /// Rows have been seen whose one key is `NULL`: group 0 exists.
    private var hasNull = false

    /// A further key column, and the pairs of what stands left of it with its numbers.
    private final class KeyColumn {
        var dictionary: KeyDictionary
        var pairs = IntegerTable(capacity: 16)

        init(type: FieldType) { self.dictionary = KeyDictionary(type: type) }

        func join(_ left: [UInt32], _ column: Column) -> [UInt32] {
            let numbers = dictionary.numbers(of: column)
            let left = left.span
            let right = numbers.span
            return [UInt32](capacity: left.count) { out in
                var lastKey = UInt64.max
                var lastGroup: UInt32 = 0
                for row in left.indices {
                    if row & 31 == 0, pairs.isLarge {
                        for next in row..<min(row + 32, left.count) {
                            pairs.prefetch(UInt64(left[next]) << 32 | UInt64(right[next]))
                        }
                    }
                    let key = UInt64(left[row]) << 32 | UInt64(right[row])
                    if key != lastKey {
                        lastKey = key
                        lastGroup = UInt32(truncatingIfNeeded: pairs.insert(key))
                    }
                    out.append(lastGroup)
                }
            }
        }
    }

    init(types: [FieldType]) {
        self.types = types
        self.first = KeyDictionary(type: types.first ?? .int64)
        self.others = types.dropFirst().map { KeyColumn(type: $0) }
    }

    /// One more than the largest group number.
    var count: Int {
        if let last = others.last { return last.pairs.count }
        return types.isEmpty ? 1 : first.count
    }

    /// The first group that exists: with one key column, group 0 is that of `NULL` and may not.
    var firstGroup: Int { types.count == 1 && !hasNull ? 1 : 0 }

    var byteCount: Int {
        var total = first.byteCount
        for column in others { total += column.dictionary.byteCount + column.pairs.memoryBytes }
        return total
    }

    /// Makes room for so many groups more, where there are hardly any yet.
    mutating func reserve(_ count: Int) {
        first.reserve(others.isEmpty ? count : 0)
        if let last = others.last { last.pairs.reserve(count) }
    }

    /// The group of each row.
    mutating func groups(of keys: [Column], rowCount: Int) -> [UInt32] {
        guard let key = keys.first else { return Array(repeating: 0, count: rowCount) }
        var groups = first.numbers(of: key)
        if keys.count == 1, !hasNull, let validity = key.validity, validity.setCount < rowCount { hasNull = true }
        for (column, key) in zip(others, keys.dropFirst()) { groups = column.join(groups, key) }
        return groups
    }

    /// The key columns of all groups from 0 to `count`, whether they exist or not.
    func keys() -> [Column] {
        guard !types.isEmpty else { return [] }
        if others.isEmpty { return [first.column().trimmed()] }
        return keys(of: Array(0..<UInt32(count)))
    }

    /// The key columns of the groups named.
    func keys(of groups: [UInt32]) -> [Column] {
        guard !types.isEmpty else { return [] }
        var columns: [Column] = []
        var groups = groups
        for column in others.reversed() {
            var right: [UInt32] = []
            right.reserveCapacity(groups.count)
            for index in groups.indices {
                let pair = column.pairs.key(Int(groups[index]))
                right.append(UInt32(truncatingIfNeeded: pair))
                groups[index] = UInt32(truncatingIfNeeded: pair >> 32)
            }
            columns.append(column.dictionary.column(of: right).trimmed())
        }
        columns.append(first.column(of: groups).trimmed())
        return columns.reversed()
    }
}

extension Column {
    /// Without a validity bitmap that says nothing.
    func trimmed() -> Column {
        guard let validity, validity.setCount == count else { return self }
        return Column(type: type, count: count, validity: nil, storage: storage)
    }
}
