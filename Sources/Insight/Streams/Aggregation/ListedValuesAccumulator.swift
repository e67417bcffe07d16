import Bytes
import Columns
import SQL

/// `LISTAGG`, `ARRAY_AGG` and their like over values that have an order, or that may be taken back: keeps the values of a
/// group one by one and puts them together when they are asked for.
final class ListedValuesAccumulator: Accumulator {
    private struct Values {
        /// As they come: texts, or `SortedItem`s.
        var items: [[UInt8]] = []
        /// Of their texts, with what stands between.
        var textBytes = 0
        var isInOrder = true
    }

    private let parts: AggregateCall.Concatenation
    private let type: FieldType
    private var groups: [Values] = []
    private var heapBytes = 0

    init(_ parts: AggregateCall.Concatenation, type: FieldType) {
        self.parts = parts
        self.type = type
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        groups.grow(to: input.groupCount, filling: Values())
        for index in input.groups.indices {
            let row = input.rows.map { Int($0[index]) } ?? index
            if let item = column.bytes(row) { try append(Array(item), to: Int(input.groups[index])) }
        }
    }

    /// Of equal values the one that came first goes.
    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        groups.grow(to: input.groupCount, filling: Values())
        for index in input.groups.indices {
            let row = input.rows.map { Int($0[index]) } ?? index
            let group = Int(input.groups[index])
            guard let item = column.bytes(row).map({ Array($0) }), let place = place(of: item, in: group) else {
                continue
            }
            groups[group].items.remove(at: place)
            groups[group].textBytes -= text(item).count + parts.separator.count
            heapBytes -= item.count + Self.overheadBytes
        }
    }

    private static let overheadBytes = 48

    /// The text in an item.
    private func text(_ item: [UInt8]) -> ArraySlice<UInt8> {
        guard parts.isSorted else { return item[...] }
        return item[SortedItem.text(of: item) ?? 0..<0]
    }

    private func append(_ item: [UInt8], to group: Int) throws(SQLError) {
        let bytes = groups[group].textBytes + text(item).count + parts.separator.count
        guard bytes <= ConcatenationAccumulator.maximumBytes + parts.separator.count else {
            throw ConcatenationAccumulator.tooLarge
        }
        groups[group].textBytes = bytes
        if parts.isSorted, groups[group].isInOrder, let last = groups[group].items.last, Self.isLess(item, last) {
            groups[group].isInOrder = false
        }
        groups[group].items.append(item)
        heapBytes += item.count + Self.overheadBytes
    }

    private func place(of item: [UInt8], in group: Int) -> Int? {
        guard parts.isSorted else { return groups[group].items.firstIndex(of: item) }
        putInOrder(group)
        let items = groups[group].items
        var range = items.startIndex..<items.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if Self.isLess(items[middle], item) {
                range = middle + 1..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        let place = range.lowerBound
        return place < items.count && items[place] == item ? place : nil
    }

    private func putInOrder(_ group: Int) {
        guard !groups[group].isInOrder else { return }
        groups[group].items.sort(by: Self.isLess)
        groups[group].isInOrder = true
    }

    private static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.span.compare(right.span) < 0 }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? ListedValuesAccumulator else { return }
        self.groups.grow(to: groupCount, filling: Values())
        for (group, theirs) in zip(groups, other.groups) {
            for item in theirs.items { try append(item, to: Int(group)) }
        }
    }

    // MARK: Results

    override func results(of wanted: [UInt32], groupCount: Int) -> Column {
        groups.grow(to: groupCount, filling: Values())
        var strings = ByteStrings()
        var validity = Bitmap(repeating: true, count: wanted.count)
        var hasNull = false
        for (row, group) in wanted.enumerated() {
            let group = Int(group)
            putInOrder(group)
            if groups[group].items.isEmpty {
                strings.append([])
                validity[row] = false
                hasNull = true
                continue
            }
            var whole = parts.open
            for (index, item) in groups[group].items.enumerated() {
                if index > 0 { whole += parts.separator }
                whole += text(item)
            }
            strings.append(whole + parts.close)
        }
        return Column(
            type: type, count: wanted.count, validity: hasNull ? validity : nil, storage: .byteStrings(strings))
    }

    // MARK: State

    /// The values of each group, each behind its length.
    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        self.groups.grow(to: groupCount, filling: Values())
        var strings = ByteStrings()
        for group in groups {
            var bytes: [UInt8] = []
            for item in self.groups[Int(group)].items {
                for shift in stride(from: 0, to: 32, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: item.count >> shift))
                }
                bytes += item
            }
            strings.append(bytes)
        }
        return [Column(type: .bytes, count: groups.count, validity: nil, storage: .byteStrings(strings))]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        self.groups.grow(to: groupCount, filling: Values())
        for (index, group) in groups.enumerated() {
            for item in self.groups[Int(group)].items { heapBytes -= item.count + Self.overheadBytes }
            self.groups[Int(group)] = Values()
            var rest = Array(try require(column.bytes(index)))[...]
            while !rest.isEmpty {
                guard rest.count >= 4 else { throw StateCodec.damaged("the values of an aggregate") }
                let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(4)
                guard count <= rest.count else { throw StateCodec.damaged("the values of an aggregate") }
                let item = Array(rest.prefix(count))
                guard !parts.isSorted || SortedItem.text(of: item) != nil else {
                    throw StateCodec.damaged("the values of an aggregate")
                }
                try append(item, to: Int(group))
                rest = rest.dropFirst(count)
            }
        }
    }

    override var byteCount: Int { groups.capacity * MemoryLayout<Values>.stride + heapBytes }
}
