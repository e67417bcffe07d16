import Columns
import Runtime

/// The log itself: topics, group commit, retention. Belongs to one thread and does I/O only through `Storage`, so a
/// test can drive it call by call, fail it and crash it.
final class LogEngine {
    /// Rows of one frame at most; larger batches become several frames.
    static let frameRows = 8192
    /// Small batches are joined up to so many rows: what is read at once should fit the processor's cache.
    static let joinedRows = 4096
    /// The index of the open segment is written each time so many bytes came after it; a start scans no more.
    static let indexEveryBytes = 32 << 20

    struct Append: Sendable {
        var batch: Batch
        /// The same rows with their bytes, if who appends has them.
        var encoded: EncodedRows?
        var topic: String
        var partition: Int
        var durability: Durability?
        var completion: (@Sendable (Result<AppendReceipt, LogError>) -> Void)?
    }

    private final class OpenTopic {
        let topic: Topic
        var writers: [PartitionWriter]
        /// The schema that was compared last and fits.
        var fitting: Schema?

        init(topic: Topic, writers: [PartitionWriter]) {
            self.topic = topic
            self.writers = writers
        }
    }

    let options: EventLogOptions
    let registry: TopicRegistry
    let counters: SharedCounters
    let report: RecoveryReport
    private let storage: any Storage
    private let clock: any Clock
    private var open: [String: OpenTopic] = [:]
    private let lock: (any StorageLock)?
    private var isClosed = false

    init(_ options: EventLogOptions, storage: any Storage, clock: any Clock) throws(LogError) {
        self.options = options
        self.storage = storage
        self.clock = clock
        self.registry = TopicRegistry()
        self.counters = SharedCounters()
        let folder = LogFolder(path: options.folder, storage: storage)
        self.lock = options.isReadOnly ? try folder.openReadOnly() : try folder.open()
        var report = RecoveryReport()
        var topics: [OpenTopic] = []
        for name in try folder.topics() {
            topics.append(try LogEngine.openTopic(name, folder, options, storage, &report))
        }
        self.report = report
        for topic in topics {
            open[topic.topic.name] = topic
            registry.add(topic.topic)
        }
    }

    private static func openTopic(
        _ name: String, _ folder: LogFolder, _ options: EventLogOptions, _ storage: any Storage,
        _ report: inout RecoveryReport
    ) throws(LogError) -> OpenTopic {
        let path = folder.topicFile(name)
        let bytes = try storing { () throws(StorageError) in try storage.readAll(path, limit: TextFile.limitBytes) }
        let description = try TopicDescription(bytes, path: path)
        var writers: [PartitionWriter] = []
        for number in 0..<description.settings.partitions {
            let partition = folder.partition(number, of: name)
            var recovery = PartitionRecovery(
                topic: name, number: number, folder: partition, storage: storage, frameBytes: options.frameBytes,
                isReadOnly: options.isReadOnly)
            let segments = try recovery.segments()
            report.add(recovery.report)
            let view = PartitionView(topic: name, number: number, segments: segments, tailBytes: options.tailBytes)
            writers.append(
                PartitionWriter(
                    view: view, topic: name, folder: partition, storage: storage, frameBytes: options.frameBytes))
        }
        let topic = Topic(name: name, description: description, partitions: writers.map(\.view))
        return OpenTopic(topic: topic, writers: writers)
    }

    // MARK: Topics

    /// Makes the topic, or widens its schema and takes over the settings.
    func createTopic(_ name: String, settings: TopicSettings, schema: Schema) throws(LogError) {
        try checkWritable()
        try LogFolder.checkName(name)
        try settings.validate(topic: name)
        let known = open[name]?.topic.description
        let widened = known.map { SchemaWidening.widen($0.schema, with: schema) } ?? schema
        guard widened.count <= options.columnsMaximum else {
            throw LogError(
                .invalidSetting,
                "the schema would have \(widened.count) columns; \(options.columnsMaximum) are allowed",
                at: name)
        }
        if let field = widened.fields.first(where: { $0.name.utf8.count > options.columnNameBytesMaximum }) {
            throw LogError(
                .invalidName,
                "a column's name has at most \(options.columnNameBytesMaximum) bytes, not "
                    + "\(field.name.utf8.count)", at: name)
        }
        var settings = settings
        settings.partitions = max(settings.partitions, open[name]?.writers.count ?? 0)
        if let known, known.schema == widened, known.settings == settings { return }
        if open[name] == nil, open.count >= options.topicsMaximum {
            throw LogError(.invalidSetting, "there are \(open.count) topics; no more are allowed", at: name)
        }
        var description = known ?? TopicDescription(settings: settings, schema: widened)
        description.settings = settings
        if description.schema != widened {
            description.schema = widened
            description.schemaVersion += 1
        }
        try store(description, name)
    }

    private func store(_ description: TopicDescription, _ name: String) throws(LogError) {
        let folder = LogFolder(path: options.folder, storage: storage)
        try folder.write(description, name)
        var writers = open[name]?.writers ?? []
        for number in writers.count..<description.settings.partitions {
            let view = PartitionView(topic: name, number: number, segments: [], tailBytes: options.tailBytes)
            writers.append(
                PartitionWriter(
                    view: view, topic: name, folder: folder.partition(number, of: name), storage: storage,
                    frameBytes: options.frameBytes))
        }
        if let existing = open[name] {
            existing.writers = writers
            existing.fitting = nil
            existing.topic.change(description, partitions: writers.map(\.view))
        } else {
            let topic = Topic(name: name, description: description, partitions: writers.map(\.view))
            open[name] = OpenTopic(topic: topic, writers: writers)
            registry.add(topic)
        }
    }

    // MARK: Group commit

    /// One group: all is encoded, each file is written once, those with a waiter are synced once, then all is shown
    /// to readers and every completion is called.
    func commit(_ appends: [Append]) {
        var group = LogGroup()
        for append in appends {
            do throws(LogError) {
                try checkWritable()
                let (topic, writer) = try find(append)
                let description = topic.topic.description
                if topic.fitting != append.batch.schema {
                    try check(append.batch.schema, against: description.schema, topic: append.topic)
                    topic.fitting = append.batch.schema
                }
                group.add(append, writer, topic.topic, description)
            } catch {
                fail(append, error)
            }
        }
        let arrival = clock.now()
        for part in group.parts { finish(part, arrival: arrival) }
        counters.update { $0.groups += 1 }
    }

    private func fail(_ append: Append, _ error: LogError) {
        counters.update { $0.failedRows += append.batch.rowCount }
        append.completion?(.failure(error))
    }

    /// Stages the appends of a part. Small batches that follow each other become one frame: a thousand appends of an
    /// event each cost little more than one of a thousand.
    /// - Returns: Those that were staged, with the offset of their first row.
    private func stage(_ part: LogGroup.Part, arrival: Int64) -> [LogGroup.Staged] {
        var staged: [LogGroup.Staged] = []
        for run in part.runs(joinedRows: LogEngine.joinedRows) {
            do throws(LogError) {
                staged += try part.stage(run, arrival: arrival)
            } catch {
                // What is too much together may fit one by one.
                for append in run {
                    do throws(LogError) {
                        staged += try part.stage([append], arrival: arrival)
                    } catch {
                        fail(append, error)
                    }
                }
            }
        }
        return staged
    }

    private func find(_ append: Append) throws(LogError) -> (OpenTopic, PartitionWriter) {
        guard let topic = open[append.topic] else {
            throw LogError(.unknownTopic, "there is no topic \(append.topic)", at: append.topic)
        }
        guard topic.writers.indices.contains(append.partition) else {
            throw LogError(
                .unknownPartition, "partition \(append.partition) of \(topic.writers.count)", at: append.topic)
        }
        return (topic, topic.writers[append.partition])
    }

    private func check(_ batch: Schema, against schema: Schema, topic: String) throws(LogError) {
        guard let field = SchemaWidening.misfit(batch, in: schema) else { return }
        throw LogError(
            .schemaMismatch, "the topic has no column \(field.name) that holds \(field.type); widen its schema first",
            at: topic)
    }

    private func finish(_ part: LogGroup.Part, arrival: Int64) {
        let staged = stage(part, arrival: arrival)
        let rows = staged.reduce(0) { $0 + $1.append.batch.rowCount }
        let bytes = part.writer.stagedBytes
        let frames = part.writer.stagedFrameCount
        do throws(LogError) {
            if part.writer.hasStaged {
                try write(part, arrival: arrival)
                part.writer.publish(now: clock.monotonicNanoseconds())
            }
        } catch {
            part.writer.discard()
            counters.update { $0.latestFailure = error }
            for one in staged { fail(one.append, error) }
            return
        }
        counters.update {
            $0.appendedRows += rows
            $0.appendedBytes += bytes
            $0.frames += frames
        }
        notify(part, staged)
        for one in staged { one.append.completion?(.success(one.receipt)) }
    }

    private func write(_ part: LogGroup.Part, arrival: Int64) throws(LogError) {
        do throws(LogError) {
            try part.writer.write(part.description.settings, arrival: arrival)
        } catch {
            counters.update { $0.writeFailures += 1 }
            throw error
        }
        guard part.mustSync else { return }
        try counted { () throws(LogError) in try part.writer.sync() }
    }

    private func counted(_ sync: () throws(LogError) -> Void) throws(LogError) {
        do throws(LogError) {
            try sync()
            counters.update { $0.syncs += 1 }
        } catch {
            counters.update {
                $0.syncFailures += 1
                $0.latestFailure = error
            }
            throw error
        }
    }

    private func notify(_ part: LogGroup.Part, _ staged: [LogGroup.Staged]) {
        let subscribers = part.topic.subscribers
        if subscribers.isEmpty { return }
        let schema = part.topic.description.schema
        for one in staged where one.append.batch.rowCount > 0 {
            let batch = LogBatch(
                topic: part.topic.name, partition: part.writer.view.number, baseOffset: one.firstOffset,
                batch: one.append.batch.widened(to: schema))
            for subscriber in subscribers { subscriber(batch) }
        }
    }

    // MARK: In between

    /// Syncs what is due.
    func syncDue(intervalNanoseconds: Int64) {
        let now = clock.monotonicNanoseconds()
        for topic in open.values {
            for writer in topic.writers where writer.unsyncedSince != nil {
                if topic.topic.description.settings.durability == .none, intervalNanoseconds > 0 { continue }
                do throws(LogError) {
                    if try writer.syncIfDue(now: now, intervalNanoseconds: intervalNanoseconds) {
                        counters.update { $0.syncs += 1 }
                    }
                } catch {
                    counters.update {
                        $0.syncFailures += 1
                        $0.latestFailure = error
                    }
                }
            }
        }
    }

    /// Whether `syncDue` will have something to do.
    var hasUnsynced: Bool {
        open.values.contains { topic in
            topic.topic.description.settings.durability != .none
                && topic.writers.contains { $0.unsyncedSince != nil }
        }
    }

    func applyRetention() {
        if options.isReadOnly { return }
        let now = clock.now()
        for topic in open.values {
            let settings = topic.topic.description.settings
            let removed = topic.writers.reduce(0) { $0 + $1.applyRetention(settings, now: now) }
            if removed > 0 { counters.update { $0.removedSegments += removed } }
        }
    }

    /// A closed segment that is worth being written again, if there is one.
    func takeCompaction() -> SegmentCompaction? {
        for topic in open.values {
            let compression = topic.topic.description.settings.compression
            for writer in topic.writers {
                if let compaction = writer.takeCompaction(compression) { return compaction }
            }
        }
        return nil
    }

    func adopt(_ outcome: SegmentCompaction.Outcome, of compaction: SegmentCompaction) {
        guard !isClosed, let topic = open[compaction.topic], compaction.partition < topic.writers.count else { return }
        topic.writers[compaction.partition].adopt(outcome, of: compaction)
        counters.update { $0.compactedSegments += 1 }
    }

    /// Syncs all, writes the indexes, wakes the readers, gives the folder back.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for topic in open.values {
            for writer in topic.writers {
                if !options.isReadOnly {
                    do throws(LogError) {
                        try writer.close()
                    } catch {
                        counters.update {
                            $0.syncFailures += 1
                            $0.latestFailure = error
                        }
                    }
                }
                writer.view.close()
            }
        }
        lock?.release()
    }

    private func checkWritable() throws(LogError) {
        if isClosed { throw LogError(.closed, "the log is closed", at: options.folder) }
        if options.isReadOnly { throw LogError(.readOnly, "the log is open for reading only", at: options.folder) }
    }
}

extension RecoveryReport {
    mutating func add(_ other: RecoveryReport) {
        cutTails += other.cutTails
        gaps += other.gaps
        rebuiltIndexes += other.rebuiltIndexes
    }
}
