import Columns
import SQL

/// `LISTAGG`, `ARRAY_AGG`, `JSON_ARRAYAGG`, `JSON_OBJECTAGG` of rows that stay: a group's values end to end, in the order in which they come.
final class ConcatenationAccumulator: Accumulator {
    /// The most text that a group may come to, bytes.
    static let maximumBytes = 1 << 20

    static var tooLarge: SQLError {
        SQLError(
            code: .limitExceeded, message: "the values of one group come to more than \(maximumBytes) bytes",
            suggestion: "group by more keys, or filter what is put together")
    }

    private let parts: AggregateCall.Concatenation
    private let type: FieldType
    private var texts: [[UInt8]?] = []
    private var heapBytes = 0

    init(_ parts: AggregateCall.Concatenation, type: FieldType) {
        self.parts = parts
        self.type = type
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        texts.grow(to: input.groupCount, filling: nil)
        for index in input.groups.indices {
            let row = input.rows.map { Int($0[index]) } ?? index
            if let value = column.bytes(row) { try append(value, to: Int(input.groups[index])) }
        }
    }

    private func append(_ value: some Collection<UInt8>, to group: Int) throws(SQLError) {
        let before = texts[group]?.count
        guard (before ?? 0) + value.count + parts.separator.count <= Self.maximumBytes else {
            throw Self.tooLarge
        }
        if before == nil {
            texts[group] = Array(value)
            heapBytes += value.count + 32
        } else {
            texts[group]?.append(contentsOf: parts.separator)
            texts[group]?.append(contentsOf: value)
            heapBytes += value.count + parts.separator.count
        }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? ConcatenationAccumulator else { return }
        texts.grow(to: groupCount, filling: nil)
        for (group, text) in zip(groups, other.texts) {
            if let text { try append(text, to: Int(group)) }
        }
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        column(groups, groupCount: groupCount, type: type) { parts.open + $0 + parts.close }
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        [column(groups, groupCount: groupCount, type: .string) { $0 }]
    }

    private func column(
        _ groups: [UInt32], groupCount: Int, type: FieldType, _ whole: ([UInt8]) -> [UInt8]
    ) -> Column {
        texts.grow(to: groupCount, filling: nil)
        var strings = ByteStrings()
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        for (row, group) in groups.enumerated() {
            if let text = texts[Int(group)] {
                strings.append(whole(text))
            } else {
                strings.append([])
                validity[row] = false
                hasNull = true
            }
        }
        return Column(
            type: type, count: groups.count, validity: hasNull ? validity : nil, storage: .byteStrings(strings))
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        texts.grow(to: groupCount, filling: nil)
        for (index, group) in groups.enumerated() {
            heapBytes -= texts[Int(group)].map { $0.count + 32 } ?? 0
            texts[Int(group)] = column.bytes(index).map { Array($0) }
            heapBytes += texts[Int(group)].map { $0.count + 32 } ?? 0
        }
    }

    override var byteCount: Int { texts.capacity * 8 + heapBytes }
}
