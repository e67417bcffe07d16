import Columns

extension Evaluator {
    /// The rows whose list has an element for which the predicate is true; false, not null, where there is no list.
    func anyElement(_ list: Node, _ captures: [Node], _ predicate: Node) throws(SQLError) -> Operand {
        if count == 0 { return .constant(.null) }
        let lists = column(try evaluate(list), list.type)
        let texts = Operand.column(lists).texts()
        var rows: [UInt32] = []
        var elements = ByteStrings()
        var isNull: [Bool] = []
        var scratch: [UInt8] = []
        for row in 0..<count where !lists.isNull(row) {
            let text = texts.text(row)
            JSONText.forEachElement(text) { _, value in
                scratch.removeAll(keepingCapacity: true)
                isNull.append(!JSONText.appendElement(text.extracting(value), to: &scratch))
                elements.append(scratch)
                rows.append(UInt32(row))
                return true
            }
        }
        var columns = [
            Column(
                type: .json, count: rows.count,
                validity: isNull.contains(true) ? Bitmap(count: rows.count) { !isNull[$0] } : nil,
                storage: .byteStrings(elements))
        ]
        for capture in captures { columns.append(column(try evaluate(capture), capture.type).select(rows: rows)) }
        let schema = Schema(columns.enumerated().map { Field("\($0)", $1.type) })
        let frame = Evaluator(
            batch: Batch(schema: schema, rowCount: rows.count, columns: columns), rows: nil, context: context)
        var found = Bitmap(repeating: false, count: count)
        if !rows.isEmpty {
            for index in try frame.select(predicate).indices() { found[Int(rows[Int(index)])] = true }
        }
        return .column(.bools(found, nil))
    }
}
