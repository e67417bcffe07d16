import Columns

extension EventColumns {
    /// A text of the rows' notes; empty ones are null.
    static func pages<Text: Collection<UInt8>>(_ block: EventBlock, _ text: (EventBlock.PageNote) -> Text) -> Column {
        guard !block.pages.isEmpty else { return nothing(block.rows.count) }
        var values = ByteStrings()
        values.append(EmptyCollection<UInt8>())
        var isEmpty = [true]
        for page in block.pages {
            let bytes = text(page)
            values.append(bytes)
            isEmpty.append(bytes.isEmpty)
        }
        return coded(block.rows, values, { UInt32($0.page) }, isNull: { isEmpty[Int($0.page)] })
    }

    /// A number of the rows' notes; negative ones are null.
    static func pageNumbers(_ block: EventBlock, _ number: (EventBlock.PageNote) -> Int64) -> Column {
        guard !block.pages.isEmpty else {
            let count = block.rows.count
            return Column(
                type: .int64, count: count, validity: Bitmap(repeating: false, count: count),
                storage: .int64(Array(repeating: 0, count: count)))
        }
        let values = [-1] + block.pages.map(number)
        return optional(block.rows) { values[Int($0.page)] }
    }
}
