import Runtime
import Synchronization

/// A storage as one process sees it. When the process dies its threads, which a test can't kill, do nothing to the
/// storage any more: the files that they have open are dead since the crash, and names are so from here on.
final class ProcessStorage: Storage {
    private let storage: SimulatedStorage
    private let isDead = Mutex(false)

    init(_ storage: SimulatedStorage) { self.storage = storage }

    /// Nothing is under way when this returns.
    func die() { isDead.withLock { $0 = true } }

    private func perform<Value>(
        _ operation: String, _ path: String, _ body: () throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        let result = isDead.withLock { isDead -> Result<Value, StorageError>? in
            if isDead { return nil }
            do throws(StorageError) { return .success(try body()) } catch { return .failure(error) }
        }
        guard let result else {
            throw StorageError(code: .inputOutput, operation: operation, path: path, cause: "the process is dead")
        }
        return try result.get()
    }

    func createFolder(_ path: String) throws(StorageError) {
        try perform("mkdir", path) { () throws(StorageError) in try storage.createFolder(path) }
    }

    func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        try perform("open", path) { () throws(StorageError) in try storage.open(path, mode: mode) }
    }

    func list(_ folder: String) throws(StorageError) -> [String] {
        try perform("list", folder) { () throws(StorageError) in try storage.list(folder) }
    }

    func rename(_ source: String, to target: String) throws(StorageError) {
        try perform("rename", source) { () throws(StorageError) in try storage.rename(source, to: target) }
    }

    func remove(_ path: String) throws(StorageError) {
        try perform("remove", path) { () throws(StorageError) in try storage.remove(path) }
    }

    func syncFolder(_ path: String) throws(StorageError) {
        try perform("fsync", path) { () throws(StorageError) in try storage.syncFolder(path) }
    }

    func lockFolder(_ path: String) throws(StorageError) -> any StorageLock {
        try perform("lock", path) { () throws(StorageError) in try storage.lockFolder(path) }
    }
}
