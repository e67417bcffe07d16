import Runtime
import SQL
import Synchronization

/// Remembers how a file was when it was read last.
final class FileStamps: Sendable {
    private let last = Mutex<FileStamp?>(nil)

    /// - Throws: `source_failed` where the file can't be looked at.
    func hasChanged(_ path: String) throws(SQLError) -> Bool {
        let stamp: FileStamp
        do throws(StorageError) {
            stamp = try FileStamp(path: path)
        } catch {
            throw SQLError(code: .sourceFailed, message: "\(error)")
        }
        return last.withLock { last in
            defer { last = stamp }
            return last != stamp
        }
    }

    func forget() { last.withLock { $0 = nil } }
}
