import Glibc

/// The machine's file system.
public struct DiskStorage: Storage {
    public init() {}

    public func createFolder(_ path: String) throws(StorageError) {
        if mkdir(path, 0o750) == 0 { return }
        switch errno {
        case EEXIST:
            var information = stat()
            guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
                throw StorageError(
                    code: .alreadyExists, operation: "mkdir", path: path, cause: "a file of that name is in the way")
            }
        case ENOENT:
            let parent = StoragePath.folder(of: path)
            guard parent != path, parent != "." else { throw StorageError.system("mkdir", path) }
            try createFolder(parent)
            guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw StorageError.system("mkdir", path) }
        default: throw StorageError.system("mkdir", path)
        }
    }

    public func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            }
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw StorageError.system("open", path) }
        return DiskFile(descriptor: descriptor, path: path)
    }

    public func list(_ folder: String) throws(StorageError) -> [String] {
        guard let handle = opendir(folder) else { throw StorageError.system("opendir", folder) }
        defer { closedir(handle) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func rename(_ source: String, to target: String) throws(StorageError) {
        guard Glibc.rename(source, target) == 0 else { throw StorageError.system("rename", source) }
    }

    public func remove(_ path: String) throws(StorageError) {
        guard Glibc.remove(path) == 0 else { throw StorageError.system("remove", path) }
    }

    public func syncFolder(_ path: String) throws(StorageError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.system("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StorageError.system("fsync", path) }
    }

    public func lockFolder(_ path: String) throws(StorageError) -> any StorageLock {
        let lockPath = StoragePath.join(path, "LOCK")
        let descriptor = Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw StorageError.system("open", lockPath) }
        let file = DiskFile(descriptor: descriptor, path: lockPath)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw StorageError.system("flock", lockPath) }
            let text = (try? file.read(at: 0, count: 32)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let digits = text.prefix { $0.isNumber }
            throw StorageError(code: .locked(holder: Int(digits)), operation: "flock", path: path, cause: "held")
        }
        try file.truncate(to: 0)
        try file.write(Array("\(getpid())\n".utf8).span, at: 0)
        return DiskLock(file: file)
    }
}

/// Holds `flock` on a lock file by keeping its descriptor open.
private final class DiskLock: StorageLock {
    private let file: DiskFile

    init(file: DiskFile) {
        self.file = file
    }

    func release() {
        _ = flock(file.descriptor, LOCK_UN)
    }
}

extension StorageError {
    /// The error of the system call that has just failed, from `errno`.
    static func system(_ operation: String, _ path: String) -> StorageError {
        let number = errno
        let code: Code =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case EEXIST, ENOTEMPTY: .alreadyExists
            case EACCES, EPERM: .permissionDenied
            case EROFS: .readOnly
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EMFILE, ENFILE: .tooManyOpenFiles
            default: .inputOutput
            }
        return StorageError(code: code, operation: operation, path: path, cause: String(cString: strerror(number)))
    }
}
