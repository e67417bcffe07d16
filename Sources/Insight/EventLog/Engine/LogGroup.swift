import Columns

/// The appends of one group commit, by partition.
struct LogGroup {
    struct Staged {
        let batch: Batch
        let receipt: AppendReceipt
        let completion: (@Sendable (Result<AppendReceipt, LogError>) -> Void)?
    }

    /// What goes to one partition.
    struct Part {
        let writer: PartitionWriter
        let topic: Topic
        let settings: TopicSettings
        var appends: [Staged] = []
        var rows = 0
        var mustSync = false
    }

    private(set) var parts: [Part] = []
    private var indexes: [ObjectIdentifier: Int] = [:]

    mutating func add(
        _ append: LogEngine.Append, firstOffset: Int64, _ writer: PartitionWriter, _ topic: Topic,
        _ settings: TopicSettings
    ) {
        let index = indexes[ObjectIdentifier(writer)] ?? parts.count
        if index == parts.count {
            indexes[ObjectIdentifier(writer)] = index
            parts.append(Part(writer: writer, topic: topic, settings: settings))
        }
        let receipt = AppendReceipt(
            topic: append.topic, partition: append.partition, firstOffset: firstOffset,
            lastOffset: firstOffset + Int64(append.batch.rowCount) - 1)
        parts[index].appends.append(Staged(batch: append.batch, receipt: receipt, completion: append.completion))
        parts[index].rows += append.batch.rowCount
        if (append.durability ?? settings.durability) == .commit { parts[index].mustSync = true }
    }
}
