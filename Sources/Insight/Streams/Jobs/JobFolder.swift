import Runtime
import SQL

/// A job's files: its text, whether it is to run, its checkpoint, its savepoints.
///
///     jobs/NAME/job.sql            what it computes
///     jobs/NAME/status             "running" or "stopped": whether it runs after a start of the server
///     jobs/NAME/incarnation        tells its rows outside of the log from those of an earlier job of its name
///     jobs/NAME/checkpoints/N      where it goes on: the records that the last one needs
///     jobs/NAME/savepoints/LABEL   checkpoints that were asked for, each whole
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
        try storage.createFolder(checkpointFolder)
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

    /// The job's number, made at the first call.
    ///
    /// - Parameter now: wall time, microseconds.
    func incarnation(now: Int64) throws(StorageError) -> Int64 {
        let known = (try? storage.readAll(file("incarnation"), limit: 64)).map { String(decoding: $0, as: UTF8.self) }
        if let known = known.flatMap({ Int64($0) }) { return known }
        try storage.replaceAtomically(file("incarnation"), with: Array("\(now)".utf8))
        return now
    }

    /// The job goes another way than it had gone: its epochs begin anew.
    func reincarnate(now: Int64) throws(StorageError) {
        let number = max(now, try incarnation(now: now) + 1)
        try storage.replaceAtomically(file("incarnation"), with: Array("\(number)".utf8))
    }

    var savepoints: [String] { ((try? storage.list(savepointFolder)) ?? []).filter { !$0.hasSuffix(".new") } }

    /// Removes the job's files and its folder.
    func remove() throws(StorageError) {
        for folder in [savepointFolder, checkpointFolder] {
            for name in try storage.list(folder) { try storage.remove(StoragePath.join(folder, name)) }
            try storage.remove(folder)
        }
        for name in try storage.list(path) { try storage.remove(file(name)) }
        try storage.remove(path)
    }

    var savepointFolder: String { file("savepoints") }
    var checkpointFolder: String { file("checkpoints") }
    private func file(_ name: String) -> String { StoragePath.join(path, name) }
}
