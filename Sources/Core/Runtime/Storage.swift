/// Files as the log and the caches need them. `DiskStorage` is the real one; `SimulatedStorage` lives in memory,
/// fails on demand and forgets at a crash what was not synced.
///
/// Nothing is durable before a sync: a file's bytes need `StorageFile.sync()`, a created, renamed or removed name
/// needs `syncFolder`.
public protocol Storage: Sendable {
    /// Makes the folder and the missing ones above it. No error when it is there.
    func createFolder(_ path: String) throws(StorageError)
    func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile
    /// The names in a folder, sorted, without `.` and `..`.
    func list(_ folder: String) throws(StorageError) -> [String]
    /// Replaces `target` when it exists, atomically.
    func rename(_ source: String, to target: String) throws(StorageError)
    /// Removes a file, or an empty folder.
    func remove(_ path: String) throws(StorageError)
    func syncFolder(_ path: String) throws(StorageError)
    /// Takes a folder for this process, with a lock file named `LOCK` that holds the process id.
    /// The lock goes when the result is released or the process ends.
    /// - Throws: `locked` when another holds it.
    func lockFolder(_ path: String) throws(StorageError) -> any StorageLock
}

public enum OpenMode: Sendable {
    /// The file must exist.
    case read
    /// The file must exist.
    case readWrite
    /// Makes the file if it is missing, keeps its bytes otherwise.
    case create
    /// Makes an empty file, dropping what was there.
    case replace
}

/// A folder held by this process.
public protocol StorageLock: AnyObject, Sendable {
    func release()
}

/// An open file. Reads at different places may run on many threads at once; writes are the caller's to order.
/// Closes when the last reference goes.
public protocol StorageFile: AnyObject, Sendable {
    var path: String { get }
    /// Bytes.
    func size() throws(StorageError) -> Int
    /// Writes all of `bytes` at `position`. After a failure any part of them may have been written.
    func write(_ bytes: Span<UInt8>, at position: Int) throws(StorageError)
    /// Reads into `buffer[range]` from `position` on.
    /// - Returns: How many bytes were read; fewer than asked for only at the end of the file.
    func read(at position: Int, into buffer: inout [UInt8], _ range: Range<Int>) throws(StorageError) -> Int
    /// Returns when the bytes and the size are on the device (`fdatasync`).
    /// After a failure the bytes written since the last success may be lost even if a later sync succeeds.
    func sync() throws(StorageError)
    func truncate(to size: Int) throws(StorageError)
}

extension StorageFile {
    /// The `count` bytes from `position` on, fewer at the end of the file.
    public func read(at position: Int, count: Int) throws(StorageError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let got = try read(at: position, into: &buffer, 0..<count)
        buffer.removeSubrange(got...)
        return buffer
    }
}

extension Storage {
    /// The whole file, refused when it is larger than `limit` bytes.
    public func readAll(_ path: String, limit: Int) throws(StorageError) -> [UInt8] {
        let file = try open(path, mode: .read)
        let size = try file.size()
        guard size <= limit else {
            throw StorageError(
                code: .inputOutput, operation: "read", path: path,
                cause: "\(size) bytes, more than the \(limit) allowed")
        }
        return try file.read(at: 0, count: size)
    }

    /// Puts `bytes` in place of what `path` holds: after a crash at any moment it holds all of the old or all of the new.
    public func replaceAtomically(_ path: String, with bytes: [UInt8]) throws(StorageError) {
        let temporary = path + ".new"
        let file = try open(temporary, mode: .replace)
        try file.write(bytes.span, at: 0)
        try file.sync()
        try rename(temporary, to: path)
        try syncFolder(StoragePath.folder(of: path))
    }

    /// Whether there is a file of that name. Failing to find out is an error, not a no.
    public func exists(_ path: String) throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try open(path, mode: .read)
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }
}

/// Paths as strings, with `/`.
public enum StoragePath {
    /// `"a/b/c"` gives `"a/b"`; a bare name gives `"."`.
    public static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    public static func join(_ folder: String, _ name: String) -> String { folder + "/" + name }
}
