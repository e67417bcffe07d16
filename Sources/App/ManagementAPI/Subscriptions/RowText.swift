import Columns

/// A batch's rows as text, made once for all who get some of them.
struct RowText {
    let bytes: [UInt8]
    /// Where each row ends.
    let ends: [Int]

    var rowCount: Int { ends.count }

    init(_ batch: Batch, _ writer: JSONWriter, _ format: SubscriptionRequest.Format) {
        var writer = writer
        let isEvents = format == .serverSentEvents
        writer.append(batch, prefix: isEvents ? "data: " : "", suffix: isEvents ? "\n\n" : "\n")
        let text = writer.take()
        // A row's own line ends are escaped, so those that are there are between rows.
        let stride = isEvents ? 2 : 1
        var seen = 0
        var ends: [Int] = []
        ends.reserveCapacity(batch.rowCount)
        for (index, byte) in text.enumerated() where byte == 0x0A {
            seen += 1
            if seen % stride == 0 { ends.append(index + 1) }
        }
        self.bytes = text
        self.ends = ends
    }

    subscript(row: Int) -> ArraySlice<UInt8> { bytes[(row == 0 ? 0 : ends[row - 1])..<ends[row]] }
}
