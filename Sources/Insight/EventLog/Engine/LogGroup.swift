import Columns

/// The appends of one group commit, by partition.
struct LogGroup {
    /// An append whose rows have offsets.
    struct Staged {
        let append: LogEngine.Append
        let firstOffset: Int64

        init(_ append: LogEngine.Append, firstOffset: Int64) {
            self.append = append
            self.firstOffset = firstOffset
        }

        var receipt: AppendReceipt {
            AppendReceipt(
                topic: append.topic, partition: append.partition, firstOffset: firstOffset,
                lastOffset: firstOffset + Int64(append.batch.rowCount) - 1)
        }
    }

    /// What goes to one partition.
    struct Part {
        let writer: PartitionWriter
        let topic: Topic
        let description: TopicDescription
        var appends: [LogEngine.Append] = []
        var mustSync = false

        /// Appends that make a frame together: of one schema, and of no more than `joinedRows`.
        func runs(joinedRows: Int) -> [ArraySlice<LogEngine.Append>] {
            var runs: [ArraySlice<LogEngine.Append>] = []
            var start = 0
            var rows = 0
            for (index, append) in appends.enumerated() {
                let batch = append.batch
                let joins =
                    index > start && rows + batch.rowCount <= joinedRows && batch.schema == appends[start].batch.schema
                if index > start, !joins {
                    runs.append(appends[start..<index])
                    (start, rows) = (index, 0)
                }
                rows += batch.rowCount
            }
            if start < appends.count { runs.append(appends[start...]) }
            return runs
        }

        /// Takes appends of one schema as one batch, all or none.
        func stage(_ run: ArraySlice<LogEngine.Append>, arrival: Int64) throws(LogError) -> [Staged] {
            var offset = try writer.stage(
                rows(of: run), schemaVersion: description.schemaVersion, arrival: arrival)
            return run.map { append in
                defer { offset += Int64(append.batch.rowCount) }
                return Staged(append, firstOffset: offset)
            }
        }

        /// What came encoded stays as it is, where the topic is to be compressed like that.
        private func rows(of run: ArraySlice<LogEngine.Append>) -> EncodedRows {
            let compression = description.settings.compression
            if run.count == 1, let encoded = run.first?.encoded, encoded.compression == compression { return encoded }
            return EncodedRows(Batch.concatenate(run.map(\.batch)), compression: compression)
        }
    }

    private(set) var parts: [Part] = []
    private var indexes: [ObjectIdentifier: Int] = [:]

    mutating func add(
        _ append: LogEngine.Append, _ writer: PartitionWriter, _ topic: Topic, _ description: TopicDescription
    ) {
        let index = indexes[ObjectIdentifier(writer)] ?? parts.count
        if index == parts.count {
            indexes[ObjectIdentifier(writer)] = index
            parts.append(Part(writer: writer, topic: topic, description: description))
        }
        parts[index].appends.append(append)
        if (append.durability ?? description.settings.durability) == .commit { parts[index].mustSync = true }
    }
}
