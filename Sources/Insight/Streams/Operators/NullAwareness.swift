import Columns

/// What `NOT IN` needs to know of its list besides the values: whether it has any, and whether one of them is null. Then a
/// row that met none is not certain to be in no list.
struct NullAwareness: ~Copyable {
    /// Of the keys that tie a list to a row: all but the last, which is the value.
    private var lists: GroupTable
    private var hasValues: [Bool] = []
    private var hasNull: [Bool] = []

    /// - Parameter types: of all keys of the join.
    init(types: [FieldType]) { lists = GroupTable(types: Array(types.dropLast())) }

    var byteCount: Int { lists.byteCount + hasValues.capacity + hasNull.capacity }

    /// Takes in rows of the list.
    mutating func add(_ keys: [Column], rowCount: Int) {
        let ties = keys.dropLast()
        let numbers = lists.groups(of: Array(ties), rowCount: rowCount)
        hasValues.grow(to: lists.count, filling: false)
        hasNull.grow(to: lists.count, filling: false)
        for row in 0..<rowCount where !ties.contains(where: { $0.isNull(row) }) {
            hasValues[Int(numbers[row])] = true
            if keys[keys.count - 1].isNull(row) { hasNull[Int(numbers[row])] = true }
        }
    }

    /// Of rows that met none those that are certain to be in no list.
    mutating func certain(_ keys: [Column], rowCount: Int) -> [UInt32] {
        let ties = keys.dropLast()
        let numbers = lists.groups(of: Array(ties), rowCount: rowCount)
        hasValues.grow(to: lists.count, filling: false)
        hasNull.grow(to: lists.count, filling: false)
        return (0..<UInt32(rowCount)).filter { place in
            let row = Int(place)
            let list = Int(numbers[row])
            // A tie to null has no list, which is an empty one.
            if ties.contains(where: { $0.isNull(row) }) || !hasValues[list] { return true }
            return !keys[keys.count - 1].isNull(row) && !hasNull[list]
        }
    }
}
