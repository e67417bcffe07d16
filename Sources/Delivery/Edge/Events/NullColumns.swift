import Columns

/// Columns of which no row has a value: most of an event's are, in most blocks. Made once for each number of rows and shared
/// by all that need one, for the memory of forty columns would have to be cleared for each block.
struct NullColumns {
    let count: Int
    let text: Column
    let number: Column
    let flag: Column

    init(count: Int) {
        self.count = count
        let none = Bitmap(repeating: false, count: count)
        var values = ByteStrings()
        values.append(EmptyCollection<UInt8>())
        text = Column(
            type: .string, count: count, validity: none,
            storage: .dictionary(codes: Array(repeating: 0, count: count), values: values))
        number = Column(
            type: .int64, count: count, validity: none, storage: .int64(Array(repeating: 0, count: count)))
        flag = Column(type: .bool, count: count, validity: none, storage: .bool(none))
    }
}
