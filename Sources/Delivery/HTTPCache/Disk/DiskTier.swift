public import Runtime
import Synchronization

/// The cache's tier on disk: a log of records in files of equal size, the oldest of which makes room for the next, and
/// an index of them in memory. It survives a crash at any moment: what a checksum doesn't vouch for is not served.
///
/// Event loops only ask the index and put objects in a queue; one thread writes, a few read.
public final class DiskTier: Sendable {
    struct State {
        var index = DiskIndex()
        var journal = PurgeJournal()
        /// Oldest first.
        var volumes: [DiskVolume] = []
        /// Of all volumes.
        var bytes = 0
        var counters = Counters()
        /// On the clock that never goes back; 0 while it writes, `max` after the end.
        var pausedUntil: Int64 = 0
    }

    /// Figures since the start, and of now.
    public struct Counters: Sendable, Equatable {
        /// Objects on disk, pieces of large bodies among them.
        public var objects = 0
        public var bytes = 0
        public var maximumBytes = 0
        /// Objects read and written.
        public var reads = 0
        public var writes = 0
        /// Objects that found no room in the queue, or came while the tier paused.
        public var dropped = 0
        /// Records that a checksum didn't vouch for.
        public var corrupt = 0
        /// Look-ups that found all readers busy.
        public var busy = 0
        /// Failures of the storage; after one in writing the tier pauses for a while.
        public var failures = 0
        public var isPaused = false
        /// Purges that are remembered.
        public var purges = 0
    }

    let settings: DiskSettings
    let storage: any Storage
    let clock: any Clock
    let hash: SipHash
    private let lock: any StorageLock
    /// Tells the operator, in one line.
    let report: @Sendable (String) -> Void
    let state: Mutex<State>
    let queue = Mutex(DiskQueue())
    /// Tells the writer that there is something, and others that it is through.
    let signal = Monitor(DiskSignal())
    private let readers: [WorkerThread]
    private let nextSequence: Atomic<UInt64>
    /// The journal of purges: appended to by one at a time.
    let journalFile: Mutex<JournalFile>

    /// Opens the folder, makes it if it is missing, and builds the index.
    /// - Throws: `locked` when another process has the folder; what the storage says; `inputOutput` where the folder is of
    ///   another version.
    public init(
        _ settings: DiskSettings, storage: any Storage = DiskStorage(), clock: any Clock = SystemClock(),
        report: @escaping @Sendable (String) -> Void
    ) throws(StorageError) {
        try storage.createFolder(settings.path)
        lock = try storage.lockFolder(settings.path)
        let opened = try DiskRecovery.open(settings, storage, report)
        self.settings = settings
        self.storage = storage
        self.clock = clock
        self.report = report
        hash = opened.hash
        nextSequence = Atomic(opened.nextSequence)
        journalFile = Mutex(JournalFile(file: opened.journalFile, end: opened.journalEnd))
        state = Mutex(opened.state)
        readers = (0..<settings.readers).map { WorkerThread(name: "disk-read-\($0)", mailboxLimit: 256) }
        let writer = DiskWriter(self, nextVolume: opened.nextVolume)
        Thread.start(name: "disk-write") { writer.run() }
    }

    /// Writes what waits, closes the files and gives the folder back. Blocks.
    public func stop() {
        // Nothing is taken any more.
        state.withLock { $0.pausedUntil = .max }
        signal.update { $0.isStopping = true }
        _ = signal.wait { $0.hasStopped ? true : nil }
        for reader in readers { reader.stop() }
        lock.release()
    }

    /// Waits until everything that was put in the queue so far is written.
    func flush() {
        let target = signal.update { state -> Int in
            state.asked += 1
            return state.asked
        }
        _ = signal.wait { $0.done >= target || $0.hasStopped ? true : nil }
    }

    /// A number that orders what is stored and what is purged.
    func takeSequence() -> UInt64 { nextSequence.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue }

    public var counters: Counters {
        state.withLock { state in
            var counters = state.counters
            counters.objects = state.index.count
            counters.bytes = state.bytes
            counters.maximumBytes = settings.maximumBytes
            counters.isPaused = state.pausedUntil > 0
            counters.purges = state.journal.count - 1
            return counters
        }
    }

    // MARK: Reading

    /// Whether a look at the disk may find something that is not in memory.
    func mayHave(_ key: CacheKey) -> Bool {
        let hash = self.hash.hash(key.bytes.span)
        return state.withLock { $0.index.hasAbsent(hash) }
    }

    func contains(_ key: CacheKey) -> Bool {
        let hash = self.hash.hash(key.bytes.span)
        return state.withLock { $0.index.contains(hash) }
    }

    /// Reads the objects of a key that are not in memory.
    /// - Parameter completion: called once, on a reader's thread, with those that are intact and not purged.
    /// - Returns: false if there is none, or the readers are busy.
    func load(_ key: CacheKey, completion: @escaping @Sendable ([CachedObject]) -> Void) -> Bool {
        let hash = self.hash.hash(key.bytes.span)
        let slots = state.withLock { state -> [DiskIndex.Slot] in
            let slots = state.index.find(hash).filter { !$0.isResident }
            state.index.update(hash: hash) { $0.isResident = true }
            return slots
        }
        guard !slots.isEmpty else { return false }
        let reader = readers[Int(truncatingIfNeeded: hash % UInt64(readers.count))]
        if reader.post({ [self] in completion(slots.compactMap { read($0, key) }) }) { return true }
        state.withLock { state in
            state.counters.busy += 1
            for slot in slots {
                state.index.update(hash: hash) { if $0.variance == slot.variance { $0.isResident = false } }
            }
        }
        return false
    }

    private func read(_ slot: DiskIndex.Slot, _ key: CacheKey) -> CachedObject? {
        guard let file = state.withLock({ $0.volumes.first { $0.number == slot.volume }?.file }) else { return nil }
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try file.read(
                at: Int(slot.offset) * DiskRecord.alignment, count: Int(slot.length) * DiskRecord.alignment)
        } catch {
            forget(slot) { $0.failures += 1 }
            report("the cache can't read from disk, the object is fetched anew: \(error)")
            return nil
        }
        guard let record = DiskRecord.readHead(bytes, at: 0, limit: bytes.count), record.kind == .object,
            record.hash == slot.hash, record.isIntact(bytes), var object = record.object(bytes)
        else {
            forget(slot) { $0.corrupt += 1 }
            report("the cache found a damaged object in \(file.path) and dropped it")
            return nil
        }
        guard object.isKey(key.bytes.span) else { return nil }
        let verdict = state.withLock { state in
            state.counters.reads += 1
            state.index.update(hash: slot.hash) { if $0.variance == slot.variance, $0.hits < 3 { $0.hits += 1 } }
            return state.journal.verdict(object, record)
        }
        switch verdict {
        case .gone:
            forget(slot) { _ in }
            return nil
        case .stale(let second): object.freshness.expire(at: second)
        case .stays: break
        }
        let now = clock.now() / 1_000_000
        if object.freshness.isFromFuture(now: now), !object.isPiece { object.freshness.expire(at: now) }
        return object
    }

    private func forget(_ slot: DiskIndex.Slot, _ count: (inout Counters) -> Void) {
        state.withLock { state in
            state.index.remove(hash: slot.hash) { $0.volume == slot.volume && $0.offset == slot.offset }
            count(&state.counters)
        }
    }
}
