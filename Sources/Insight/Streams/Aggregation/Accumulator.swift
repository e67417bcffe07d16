import Columns
import SQL

/// The rows of a batch that an accumulator is to take, and the group of each.
struct GroupedRows {
    /// Ascending rows of the batch; `nil` for all of them.
    var rows: [UInt32]?
    /// The group of each row taken: `groups[i]` belongs to `rows[i]`, or to row `i`.
    var groups: [UInt32]
    /// Groups there are by now: each of `groups` is below it.
    var groupCount: Int
}

/// The state of one aggregate over all groups of an aggregation. Nulls and rows that the `FILTER` leaves out have been
/// taken away by the caller.
///
/// States merge: of panes into windows, of workers into one result.
class Accumulator {
    /// - Parameter column: the argument over the whole batch; `nil` for `COUNT(*)`.
    func update(_ input: GroupedRows, column: Column?) throws(SQLError) {}

    /// Takes over another's groups: its group `g` goes into `groups[g]`. The other is only read, by several threads at a
    /// time perhaps.
    ///
    /// - Precondition: `other` was made for the same call.
    func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {}

    /// As if rows that `update` took had not been there.
    ///
    /// - Precondition: it was made for that.
    func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        preconditionFailure("this state can't take rows back")
    }

    /// The results of some groups, in their order.
    ///
    /// - Parameter groupCount: groups there are: each of `groups` is below it.
    func results(of groups: [UInt32], groupCount: Int) -> Column {
        preconditionFailure("each accumulator has a result")
    }

    var byteCount: Int { 0 }

    /// The state of a group is a value or a few, however many rows it had.
    var hasSmallStates: Bool { false }

    /// The state of the groups named, a row each, for a checkpoint. `restore` understands it.
    ///
    /// - Parameter groupCount: groups there are: each of `groups` is below it.
    func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        preconditionFailure("each accumulator can be saved")
    }

    /// Takes over what `stateColumns` gave: row `i` belongs to `groups[i]`. A group that comes again, with what it was
    /// later, is as it was then.
    ///
    /// - Throws: `corrupt_state` where the columns are not of this accumulator.
    func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        preconditionFailure("each accumulator can be restored")
    }

    /// A part of a saved state that must be there.
    final func require<Part>(_ part: Part?) throws(SQLError) -> Part {
        guard let part else { throw StateCodec.damaged("the columns of an aggregate") }
        return part
    }
}

extension GroupedRows {
    /// Runs over the rows taken with their groups.
    @inline(__always)
    func forEach(_ body: (_ row: Int, _ group: Int) -> Void) {
        let groups = groups.span
        if let rows {
            let rows = rows.span
            for index in rows.indices { body(Int(rows[index]), Int(groups[index])) }
        } else {
            for index in groups.indices { body(index, Int(groups[index])) }
        }
    }
}

extension Column {
    /// The numbers of the groups named, out of those of all groups.
    init(integers values: [Int64], of groups: [UInt32]) {
        let all = values.span
        let picked = [Int64](capacity: groups.count) { out in
            for group in groups { out.append(all[Int(group)]) }
        }
        self.init(type: .int64, count: groups.count, validity: nil, storage: .int64(picked))
    }
}

extension Array {
    /// Puts `values[i]` at `places[i]`, without a look at each who else uses the array.
    @inline(__always)
    mutating func put(_ values: [Element], at places: [UInt32]) {
        let places = places.span
        let values = values.span
        var all = mutableSpan
        for index in places.indices { all[Int(places[index])] = values[index] }
    }

    /// Adds `values[i]` at `places[i]`; there may be more places than values.
    @inline(__always)
    mutating func add(_ values: [Element], at places: [UInt32]) where Element == Int64 {
        let places = places.span
        let values = values.span
        var all = mutableSpan
        for index in 0..<Swift.min(places.count, values.count) { all[Int(places[index])] &+= values[index] }
    }

    /// Lengthens the array to at least `count` elements, doubling.
    @inline(__always)
    mutating func grow(to count: Int, filling value: Element) {
        guard self.count < count else { return }
        append(
            contentsOf: repeatElement(
                value, count: Swift.max(count, Swift.min(self.count * 2, self.count + 65_536)) - self.count))
    }
}

/// Takes an array out of a class to work on it without a uniqueness and exclusivity check per row.
@inline(__always)
func take<T>(_ array: inout [T]) -> [T] {
    var taken: [T] = []
    swap(&taken, &array)
    return taken
}
