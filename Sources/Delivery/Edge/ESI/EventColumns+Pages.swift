import Columns

extension EventColumns {
    /// A text of the rows' notes; empty ones are null.
    /// - Parameter append: adds the text.
    static func pages(
        _ block: EventBlock, _ append: (inout ByteStrings, borrowing EventBlock.PageNote) -> Void
    ) -> Column {
        var values = ByteStrings()
        values.append(EmptyCollection<UInt8>())
        for index in block.pages.indices { append(&values, block.pages[index]) }
        guard !values.bytes.isEmpty else { return block.nulls.text }
        let offsets = values.offsets
        return coded(
            block, values, { UInt32($0.page) },
            isNull: { offsets[Int($0.page)] == offsets[Int($0.page) + 1] })
    }

    /// A number of the rows' notes; negative ones are null.
    static func pageNumbers(_ block: EventBlock, _ number: (borrowing EventBlock.PageNote) -> Int64) -> Column {
        guard !block.pages.isEmpty else { return block.nulls.number }
        let values = [Int64](capacity: block.pages.count + 1) { out in
            out.append(-1)
            for index in block.pages.indices { out.append(number(block.pages[index])) }
        }
        return optional(block) { values[Int($0.page)] }
    }
}
