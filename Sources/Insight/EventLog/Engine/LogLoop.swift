import Runtime

/// The log's thread: takes what is queued, commits it in groups, and does the chores in between.
final class LogLoop: @unchecked Sendable {
    // Unchecked: made on one thread and handed whole to the log's thread, which alone runs it.

    private static let idleNanoseconds: Int64 = 1_000_000_000
    private static let retentionNanoseconds: Int64 = 5_000_000_000

    private let engine: LogEngine
    private let queue: AppendQueue
    private let ended: Monitor<Bool>
    private let clock = SystemClock()
    private var retentionDue: Int64 = 0
    private lazy var compactor = WorkerThread(name: "squilla-compact", mailboxLimit: 1)
    /// At most one at a time.
    private var compaction: SegmentCompaction?

    init(engine: sending LogEngine, queue: AppendQueue, ended: Monitor<Bool>) {
        self.engine = engine
        self.queue = queue
        self.ended = ended
    }

    func run() {
        let interval = Int64(max(1, engine.options.syncIntervalMilliseconds)) * 1_000_000
        while true {
            // Half an interval's patience keeps what waits for a sync below one and a half.
            let patience = engine.hasUnsynced ? max(1_000_000, interval / 2) : LogLoop.idleNanoseconds
            guard let items = queue.take(timeoutNanoseconds: patience) else { break }
            process(items)
            engine.syncDue(intervalNanoseconds: interval)
            let now = clock.monotonicNanoseconds()
            if now >= retentionDue {
                engine.applyRetention()
                retentionDue = now + LogLoop.retentionNanoseconds
                startCompaction()
            }
        }
        compaction?.cancel()
        compactor.stop()
        engine.close()
        ended.update { $0 = true }
    }

    /// One round without the chores.
    ///
    /// - Returns: whether there was anything to do.
    func turn() -> Bool {
        guard let items = queue.take(timeoutNanoseconds: 0), !items.isEmpty else { return false }
        process(items)
        engine.syncDue(intervalNanoseconds: Int64(max(1, engine.options.syncIntervalMilliseconds)) * 1_000_000)
        return true
    }

    /// Looks for a segment to compact, and has another thread do it.
    private func startCompaction() {
        guard compaction == nil, let next = engine.takeCompaction() else { return }
        compaction = next
        let queue = queue
        let isQueued = compactor.post {
            let outcome = next.run()
            _ = queue.command { engine in
                if let outcome { engine.adopt(outcome, of: next) }
                self.compaction = nil
            }
        }
        if !isQueued { compaction = nil }
    }

    /// Commits appends in groups of bounded size; a command comes after what was queued before it.
    private func process(_ items: [AppendQueue.Item]) {
        var group: [LogEngine.Append] = []
        var bytes = 0
        func commit() {
            if group.isEmpty { return }
            engine.commit(group)
            queue.release(bytes: bytes)
            group.removeAll(keepingCapacity: true)
            bytes = 0
        }
        for item in items {
            switch item {
            case .append(let append):
                group.append(append)
                bytes += append.batch.memoryBytes
                if bytes >= engine.options.groupBytes { commit() }
            case .command(let body):
                commit()
                body(engine)
            }
        }
        commit()
    }
}
