import Columns
import Runtime
import SQL
import Synchronization

/// A stage whose answer comes in pieces, so that all of it is never in memory.
protocol DrainingStage: AnyObject {
    /// Hands on a piece.
    ///
    /// - Returns: false when that was the last.
    func drain() throws(SQLError) -> Bool
    /// Nobody wants the rest.
    func abandon()
}

/// The stages of a query that answer in pieces, the first one first.
final class DrainingStages {
    private var stages: [any DrainingStage] = []

    func add(_ stage: any DrainingStage) { stages.append(stage) }

    /// The query ends before they do.
    func close() {
        for stage in stages { stage.abandon() }
        stages = []
    }

    /// Hands on a piece.
    ///
    /// - Returns: whether there was one.
    func drain() throws(SQLError) -> Bool {
        guard let first = stages.first else { return false }
        if try !first.drain() { stages.removeFirst() }
        return true
    }
}

/// Where a stored query puts aside what its memory doesn't hold. Files are open only while they are read or written,
/// and go with the last reference to them.
final class SpillSpace: Sendable {
    /// Of the files that this process makes.
    private static let numbers = Atomic<UInt64>(0)
    static let filePrefix = "spill-"

    let storage: any Storage
    /// What one step may hold before it puts it aside, bytes.
    let thresholdBytes: Int
    /// Rows of a file are written together, so that it is opened seldom; those of all parts of a step are half of what it
    /// may hold.
    let pieceBytes: Int
    private let folder: String
    private let owner: Int64
    private let limitBytes: Int
    private let used = Atomic<Int>(0)

    /// - Parameters:
    ///   - owner: tells the files from those of another process, which may still let go of its own after an upgrade.
    ///   - limitBytes: of all files of the query together.
    ///   - memoryBytes: what the query may hold. A step holds an eighth of it at most: it has to be held twice while it
    ///     is put aside, and there may be several steps, on several threads.
    init(folder: String, owner: Int64, storage: any Storage, limitBytes: Int, memoryBytes: Int) {
        self.owner = owner
        self.folder = folder
        self.storage = storage
        self.limitBytes = limitBytes
        self.thresholdBytes = memoryBytes / 8
        self.pieceBytes = min(128 << 10, thresholdBytes / (2 * SpillPartitions.count))
    }

    /// Removes what a process that ended in the middle has left behind.
    ///
    /// - Throws: where the folder can't be made or read; the first query that needs it says so too.
    static func clean(_ folder: String, storage: any Storage) throws(StorageError) {
        try storage.createFolder(folder)
        for name in try storage.list(folder) where name.hasPrefix(filePrefix) {
            try storage.remove(StoragePath.join(folder, name))
        }
    }

    func makePath() -> String {
        let number = Self.numbers.add(1, ordering: .relaxed).newValue
        return StoragePath.join(folder, "\(Self.filePrefix)\(owner)-\(number)")
    }

    /// - Parameter bytes: more of the disk, or less.
    func charge(_ bytes: Int) throws(SQLError) {
        let total = used.add(bytes, ordering: .relaxed).newValue
        guard bytes > 0, total > limitBytes else { return }
        throw SQLError(
            code: .limitExceeded,
            message: "the query's memory is not enough, and it put aside more than \(limitBytes / 1_048_576) MiB",
            suggestion: "narrow the time range or group by fewer values; the limit is the setting query.spill_bytes")
    }

    static func failure(_ error: StorageError) -> SQLError {
        let isFull = error.code == .noSpace
        return SQLError(
            code: .limitExceeded,
            message: "the query's memory is not enough, and what it puts aside "
                + (isFull ? "fills the disk" : "can't be written or read") + ": \(error)",
            suggestion: isFull
                ? "free space in the data folder, or raise query.memory_bytes" : "look at the disk of the data folder")
    }
}
