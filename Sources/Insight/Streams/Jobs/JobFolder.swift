import Runtime
import SQL

/// A job's files: its text, whether it is to run, its checkpoint, its savepoints.
///
///     jobs/NAME/job.sql            what it computes
///     jobs/NAME/status             "running" or "stopped": whether it runs after a start of the server
///     jobs/NAME/checkpoint         where it goes on
///     jobs/NAME/savepoints/LABEL   checkpoints that were asked for
struct JobFolder: Sendable {
    static let textLimitBytes = 1 << 20
    static let checkpointLimitBytes = 4 << 30

    let path: String
    let storage: any Storage

    init(jobs: String, name: String, storage: any Storage) {
        self.path = StoragePath.join(jobs, name)
        self.storage = storage
    }

    /// Letters, digits, `-`, `_` and `.`, not at the start; at most 128.
    static func isValidName(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, first != UInt8(ascii: ".") else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    func create() throws(StorageError) {
        try storage.createFolder(savepointFolder)
    }

    func writeText(_ text: String) throws(StorageError) {
        try storage.replaceAtomically(file("job.sql"), with: Array(text.utf8))
    }

    func readText() throws(StorageError) -> String {
        String(decoding: try storage.readAll(file("job.sql"), limit: Self.textLimitBytes), as: UTF8.self)
    }

    var isStopped: Bool {
        (try? storage.readAll(file("status"), limit: 64)).map { String(decoding: $0, as: UTF8.self) == "stopped" }
            ?? false
    }

    func write(isStopped: Bool) throws(StorageError) {
        try storage.replaceAtomically(file("status"), with: Array((isStopped ? "stopped" : "running").utf8))
    }

    /// - Parameter savepoint: a label; `nil` for the checkpoint.
    func write(_ checkpoint: [UInt8], savepoint: String? = nil) throws(StorageError) {
        try storage.replaceAtomically(self.checkpoint(savepoint), with: checkpoint)
    }

    /// `nil` where there is none yet.
    func readCheckpoint(savepoint: String? = nil) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            return try storage.readAll(checkpoint(savepoint), limit: Self.checkpointLimitBytes)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    func removeCheckpoint() throws(StorageError) {
        do throws(StorageError) {
            try storage.remove(file("checkpoint"))
        } catch {
            if error.code != .notFound { throw error }
        }
    }

    var savepoints: [String] { ((try? storage.list(savepointFolder)) ?? []).filter { !$0.hasSuffix(".new") } }

    /// Removes the job's files and its folder.
    func remove() throws(StorageError) {
        for name in try storage.list(savepointFolder) { try storage.remove(StoragePath.join(savepointFolder, name)) }
        try storage.remove(savepointFolder)
        for name in try storage.list(path) { try storage.remove(file(name)) }
        try storage.remove(path)
    }

    private var savepointFolder: String { file("savepoints") }
    private func file(_ name: String) -> String { StoragePath.join(path, name) }
    private func checkpoint(_ savepoint: String?) -> String {
        savepoint.map { StoragePath.join(savepointFolder, $0) } ?? file("checkpoint")
    }
}
