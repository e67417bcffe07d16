public import Columns
public import Runtime
import Synchronization

/// A durable log of events: topics of partitions, appended to by group commit on one thread, read by many.
///
/// Everything public is safe from every thread. `append` never blocks; `createTopic`, `flush` and `close` wait for the
/// log's thread and must not be called from a completion or a subscription, which run on it.
public final class EventLog: Sendable {
    /// What opening found out of order.
    public let recovery: RecoveryReport

    private let options: EventLogOptions
    private let queue: AppendQueue
    private let registry: TopicRegistry
    private let shared: SharedCounters
    private let consumers: ConsumerPositions
    private let storage: any Storage
    private let ended = Monitor(false)
    /// Where no thread runs the log, but whoever calls `turn`.
    private let stepped: LogLoop?

    /// Takes the folder, reads the topics, repairs what a crash left, and starts the log's thread.
    /// - Throws: `locked`, `foreignFolder`, `permissionDenied`, `readOnly`, `unsupportedVersion`, `corrupt` (a topic's
    ///   description), `storageFull`, `storageFailed`.
    public static func open(
        _ options: EventLogOptions, storage: any Storage = DiskStorage(), clock: any Clock = SystemClock()
    ) throws(LogError) -> EventLog {
        let engine = try LogEngine(options, storage: storage, clock: clock)
        let folder = LogFolder(path: options.folder, storage: storage)
        let consumers = try ConsumerPositions(folder.positionsFolder, storage, isReadOnly: options.isReadOnly)
        return EventLog(options, engine, consumers, storage, isStepped: false)
    }

    /// A log without a thread, for simulations: what is appended waits for `turn`.
    static func openStepped(
        _ options: EventLogOptions, storage: any Storage, clock: any Clock
    ) throws(LogError) -> EventLog {
        let engine = try LogEngine(options, storage: storage, clock: clock)
        let folder = LogFolder(path: options.folder, storage: storage)
        let consumers = try ConsumerPositions(folder.positionsFolder, storage, isReadOnly: options.isReadOnly)
        return EventLog(options, engine, consumers, storage, isStepped: true)
    }

    private init(
        _ options: EventLogOptions, _ engine: sending LogEngine, _ consumers: ConsumerPositions,
        _ storage: any Storage, isStepped: Bool
    ) {
        self.options = options
        self.queue = AppendQueue(limitBytes: options.queueBytes)
        self.registry = engine.registry
        self.shared = engine.counters
        self.recovery = engine.report
        self.consumers = consumers
        self.storage = storage
        let loop = LogLoop(engine: engine, queue: queue, ended: ended)
        self.stepped = isStepped ? loop : nil
        // A frame of thousands of events takes a millisecond, which no request should wait for.
        if !isStepped { Thread.start(name: "squilla-log", niceness: 10) { loop.run() } }
    }

    /// Commits what waits, in a log that was opened stepped.
    ///
    /// - Returns: whether there was anything.
    @discardableResult
    func turn() -> Bool { stepped?.turn() ?? false }

    deinit {
        queue.close()
    }

    /// Commits what was appended before, syncs all files and gives the folder back. Readers end.
    public func close() {
        queue.close()
        if let stepped { return stepped.run() }
        _ = ended.wait { $0 ? true : nil }
    }

    // MARK: Topics

    /// Makes the topic; if it is there, takes over the settings and widens its schema by the fields and types that it
    /// lacks. Does nothing when nothing changes.
    public func createTopic(
        _ name: String, settings: TopicSettings = TopicSettings(), schema: Schema
    ) throws(LogError) {
        try perform { (engine) throws(LogError) in try engine.createTopic(name, settings: settings, schema: schema) }
    }

    /// Adds the fields and types that the topic's schema lacks, leaving its settings.
    /// - Throws: `unknownTopic`.
    public func widenTopic(_ name: String, with schema: Schema) throws(LogError) {
        try perform { (engine) throws(LogError) in
            let settings = try engine.registry.topic(name).description.settings
            try engine.createTopic(name, settings: settings, schema: schema)
        }
    }

    public func topic(_ name: String) -> TopicInfo? { registry.find(name)?.info }

    /// By name.
    public var topics: [TopicInfo] { registry.all.map(\.info) }

    // MARK: Appending

    /// Queues a batch. Its rows get consecutive offsets, all or none.
    /// - Parameters:
    ///   - durability: What `completion` waits for; `nil` is the topic's.
    ///   - completion: Called on the log's thread (on this one when the batch is refused at once). Without one the
    ///     caller accepts that rows are lost when the queue is full; they are counted as dropped.
    /// - Returns: Whether the batch was queued.
    @discardableResult
    public func append(
        _ batch: Batch, to topic: String, partition: Int = 0, durability: Durability? = nil,
        completion: (@Sendable (Result<AppendReceipt, LogError>) -> Void)? = nil
    ) -> Bool {
        enqueue(
            LogEngine.Append(
                batch: batch, topic: topic, partition: partition, durability: durability, completion: completion))
    }

    /// Queues rows that are encoded already.
    /// - Parameters:
    ///   - durability: as of `append(_:to:partition:durability:completion:)`.
    ///   - completion: as there.
    /// - Returns: Whether they were queued.
    @discardableResult
    public func append(
        _ rows: EncodedRows, to topic: String, partition: Int = 0, durability: Durability? = nil,
        completion: (@Sendable (Result<AppendReceipt, LogError>) -> Void)? = nil
    ) -> Bool {
        enqueue(
            LogEngine.Append(
                batch: rows.batch, encoded: rows, topic: topic, partition: partition, durability: durability,
                completion: completion))
    }

    private func enqueue(_ append: LogEngine.Append) -> Bool {
        let (topic, batch, completion) = (append.topic, append.batch, append.completion)
        switch queue.append(append, bytes: batch.memoryBytes) {
        case nil: return true
        case .closed:
            shared.update { $0.failedRows += batch.rowCount }
            completion?(.failure(LogError(.closed, "the log is closed", at: topic)))
        case .full:
            shared.update { counters in
                if completion == nil {
                    counters.droppedRows += batch.rowCount
                } else {
                    counters.refusedRows += batch.rowCount
                }
            }
            let limit = options.queueBytes
            completion?(.failure(LogError(.overloaded, "\(limit) bytes wait to be written; try again", at: topic)))
        }
        return false
    }

    /// Returns when all that was appended before is committed and synced.
    public func flush() throws(LogError) {
        try perform { (engine) throws(LogError) in engine.syncDue(intervalNanoseconds: 0) }
    }

    // MARK: Reading

    /// - Throws: `unknownTopic`, `unknownPartition`, `unknownColumn`.
    public func read(
        topic: String, partition: Int = 0, from position: LogPosition, options read: ReadOptions = ReadOptions()
    ) throws(LogError) -> LogReader {
        let topic = try registry.topic(topic)
        return try LogReader(
            view: try topic.partition(partition), schema: topic.description.schema, position: position, options: read,
            frameBytes: options.frameBytes)
    }

    /// What decodes the pieces of any reader of this log.
    public func makePieceReader() -> LogPieceReader { LogPieceReader(frameBytes: options.frameBytes) }

    /// Calls `onBatch` on the log's thread with what is appended from now on, as soon as readers can see it. The call
    /// must be cheap: hand the batch over and return.
    /// - Throws: `unknownTopic`.
    public func subscribe(
        topic: String, onBatch: @escaping @Sendable (LogBatch) -> Void
    ) throws(LogError) -> Subscription {
        let topic = try registry.topic(topic)
        return Subscription(topic: topic, number: topic.subscribe(onBatch))
    }

    /// Those that `subscribe` made and that were not cancelled; 0 for a topic that is not there.
    public func subscriberCount(topic: String) -> Int {
        (try? registry.topic(topic))?.subscribers.count ?? 0
    }

    /// Reads every stored byte of a topic, or of all, and compares checksums. Blocks for as long as the disk takes.
    public func verify(topic name: String? = nil) throws(LogError) -> VerifyReport {
        let topics = try name.map { (name) throws(LogError) in [try registry.topic(name)] } ?? registry.all
        var report = VerifyReport()
        for topic in topics {
            for view in topic.partitions { try report.walk(view, frameBytes: options.frameBytes) }
        }
        return report
    }

    // MARK: Consumers

    /// Remembers durably up to where a consumer has come.
    /// - Parameter offset: Of the next event it wants.
    public func commitPosition(
        consumer: String, topic: String, partition: Int, offset: Int64
    ) throws(LogError) {
        try consumers.commit(consumer, topic: topic, partition: partition, offset: offset)
    }

    /// `nil` when the consumer never committed one.
    public func position(consumer: String, topic: String, partition: Int) -> Int64? {
        consumers.position(consumer, topic: topic, partition: partition)
    }

    public var counters: LogCounters {
        var counters = shared.snapshot
        counters.queuedBytes = queue.bytes
        return counters
    }

    /// Runs `body` on the log's thread after what was queued before, and waits for it.
    private func perform(_ body: @escaping @Sendable (LogEngine) throws(LogError) -> Void) throws(LogError) {
        let outcome = Monitor<Result<Void, LogError>?>(nil)
        let queued = queue.command { engine in
            do throws(LogError) {
                try body(engine)
                outcome.update { $0 = .success(()) }
            } catch {
                outcome.update { $0 = .failure(error) }
            }
        }
        guard queued else { throw LogError(.closed, "the log is closed", at: options.folder) }
        _ = stepped?.turn()
        try outcome.wait { $0 }?.get()
    }
}
