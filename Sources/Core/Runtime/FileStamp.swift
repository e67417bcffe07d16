import Glibc

/// Tells a file, and a state of it, from others.
public struct FileStamp: Sendable, Hashable {
    public let device: UInt64
    public let inode: UInt64
    /// Bytes.
    public let size: Int
    /// Nanoseconds since 1970.
    public let modified: Int64
    /// It is a regular file.
    public let isFile: Bool

    /// - Throws: `notFound` where there is nothing.
    public init(path: String) throws(StorageError) {
        var information = stat()
        guard stat(path, &information) == 0 else { throw StorageError.system("stat", path) }
        isFile = information.st_mode & S_IFMT == S_IFREG
        device = UInt64(information.st_dev)
        inode = UInt64(information.st_ino)
        size = Int(information.st_size)
        modified = Int64(information.st_mtim.tv_sec) * 1_000_000_000 + Int64(information.st_mtim.tv_nsec)
    }
}
