import Columns

extension EventColumns {
    /// A text of the rows' notes; empty ones are null.
    static func pages(_ block: EventBlock, _ text: (EventBlock.PageNote) -> [UInt8]) -> Column {
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
        let values = [-1] + block.pages.map(number)
        return optional(block.rows) { values[Int($0.page)] }
    }
}
