import Columns
import EventLog
import Runtime
public import SQL

/// Where an `INSERT INTO` of a job goes. Rows of a topic carry the job and the epoch in which they were written, so
/// that a job that comes back finds out which of them are there already.
struct JobOutput: Sendable {
    /// Of each row that a job wrote.
    static let jobField = "job.name"
    static let epochField = "job.epoch"
    /// Rows of one append, and memory of the batches that they are taken from. An append is there as a whole or not at all;
    /// each is a turn of the log's thread and a sync, which a job waits for that has much to write.
    static let rowsAtOnce = 524_288
    static let bytesAtOnce = 8 << 20

    enum Sink: Sendable {
        case topic(String)
        /// Counts the rows and lets go of them.
        case blackhole
        /// Files, a webhook, standard output.
        case outside(SinkThread)
    }

    /// Rows on their way to the target, as a checkpoint has them too.
    enum Rows: Sendable {
        /// For a topic: in pieces, each with its job and epoch and the bytes of its frames.
        case appends([EncodedRows])
        case batches([Batch])
    }

    let target: String
    let sink: Sink
    /// The columns as they are written, without those of the job.
    let schema: Schema

    /// The rows as the target has them.
    ///
    /// - Parameter compression: the topic's.
    func rows(_ batches: [Batch], job: String, epoch: Int64, compression: Compression) -> Rows {
        guard case .topic = sink else { return .batches(batches) }
        var pieces: [EncodedRows] = []
        var group: [Batch] = []
        var (rows, bytes) = (0, 0)
        func flush() {
            guard !group.isEmpty else { return }
            pieces.append(
                EncodedRows(marked(Batch.concatenate(group), job: job, epoch: epoch), compression: compression))
            group = []
            (rows, bytes) = (0, 0)
        }
        for batch in batches {
            let isFull = rows + batch.rowCount > Self.rowsAtOnce || bytes + batch.memoryBytes > Self.bytesAtOnce
            if isFull { flush() }
            group.append(Batch(schema: schema, rowCount: batch.rowCount, columns: batch.columns))
            rows += batch.rowCount
            bytes += batch.memoryBytes
        }
        flush()
        return .appends(pieces)
    }

    /// Rows of a checkpoint, without what tells the job and the epoch; `nil` where they have other columns.
    func unmarked(_ rows: Batch) -> Batch? {
        let types = rows.columns.map(\.type)
        let own = schema.fields.map(\.type)
        guard types == own || types == writtenSchema.fields.map(\.type) else { return nil }
        return Batch(schema: schema, rowCount: rows.rowCount, columns: Array(rows.columns.prefix(own.count)))
    }

    private func marked(_ batch: Batch, job: String, epoch: Int64) -> Batch {
        let rows = batch.rowCount
        var name = ByteStrings()
        name.append(job.utf8)
        let jobs = Column(
            type: .string, count: rows, validity: nil,
            storage: .dictionary(codes: Array(repeating: 0, count: rows), values: name))
        let epochs = Column(
            type: .int64, count: rows, validity: nil, storage: .int64(Array(repeating: epoch, count: rows)))
        return Batch(schema: writtenSchema, rowCount: rows, columns: batch.columns + [jobs, epochs])
    }

    var writtenSchema: Schema {
        Schema(schema.fields + [Field(Self.jobField, .string), Field(Self.epochField, .int64)])
    }

    /// Makes the topic, or adds the columns that it lacks.
    func prepare(_ log: EventLog, settings: TopicSettings) throws(SQLError) {
        guard case .topic(let topic) = sink else { return }
        do throws(LogError) {
            if log.topic(topic) == nil {
                try log.createTopic(topic, settings: settings, schema: writtenSchema)
            } else {
                try log.widenTopic(topic, with: writtenSchema)
            }
        } catch {
            throw SQLError(writing: topic, error)
        }
    }

    /// How the target compresses its rows.
    func compression(_ log: EventLog?) -> Compression {
        guard case .topic(let topic) = sink else { return .lz4 }
        return log?.topic(topic)?.settings.compression ?? .lz4
    }

    /// The end of the target as it is now.
    func endOffset(_ log: EventLog?) -> Int64 {
        switch sink {
        case .topic(let topic): log?.topic(topic)?.partitions.first?.nextOffset ?? 0
        case .blackhole: 0
        case .outside(let sink): sink.position
        }
    }

    /// How many rows of the job's epoch are in the target, from an offset on.
    func rowsWritten(_ log: EventLog, job: String, epoch: Int64, from offset: Int64) throws(SQLError) -> Int {
        guard case .topic(let topic) = sink, let info = log.topic(topic) else { return 0 }
        let end = info.partitions.first?.nextOffset ?? 0
        guard offset < end else { return 0 }
        let wanted = Array(job.utf8)
        var count = 0
        do throws(LogError) {
            let reader = try log.read(
                topic: topic, partition: 0, from: .offset(offset),
                options: ReadOptions(columns: [Self.jobField, Self.epochField], endOffset: end))
            while let found = try reader.next() {
                guard let epochs = found.batch.columns[1].int64s else { continue }
                for (row, value) in epochs.enumerated() where value == epoch {
                    if found.batch.columns[0].bytes(row).map({ $0.elementsEqual(wanted) }) == true { count += 1 }
                }
            }
        } catch {
            throw SQLError(reading: topic, error)
        }
        return count
    }
}

extension SQLError.Code {
    /// A job's rows can't be written where they are to go.
    public static let sinkFailed = SQLError.Code(rawValue: "sink_failed")
}

extension SQLError {
    init(writing topic: String, _ error: LogError) {
        self.init(code: .sinkFailed, message: "topic \(topic) takes no rows: \(error)")
    }
}
