import Foundation
import Runtime

/// Where one `squilla sql` puts aside what its memory doesn't hold: a folder of its own among the temporary ones, which
/// others can't read.
struct TemporarySpillFolder {
    private static let prefix = "squilla-sql-"
    /// A younger one may be of a process that has not locked it yet.
    private static let abandonedAfterSeconds = 60.0

    let path: String
    private let lock: any StorageLock

    /// Removes those that interrupted ones have left, too.
    ///
    /// - Returns: `nil` where no folder can be made: queries that need one are refused then.
    init?() {
        let parent = FileManager.default.temporaryDirectory.path
        Self.removeAbandoned(in: parent)
        var template = Array(StoragePath.join(parent, Self.prefix + "XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let lock = try? DiskStorage().lockFolder(path) else { return nil }
        self.lock = lock
    }

    func remove() {
        lock.release()
        // What can't be removed now goes with a later one.
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func removeAbandoned(in parent: String) {
        let storage = DiskStorage()
        for name in (try? storage.list(parent)) ?? [] where name.hasPrefix(prefix) {
            let folder = StoragePath.join(parent, name)
            var information = stat()
            guard lstat(folder, &information) == 0, information.st_mode & S_IFMT == S_IFDIR,
                information.st_uid == geteuid(),
                Date().timeIntervalSince1970 - Double(information.st_mtim.tv_sec) > abandonedAfterSeconds,
                let lock = try? storage.lockFolder(folder)
            else { continue }
            try? FileManager.default.removeItem(atPath: folder)
            lock.release()
        }
    }
}
