import Glibc

/// Tells whether a file was written or replaced since; without a file all are equal.
struct FileVersion: Hashable {
    private var inode: UInt = 0
    private var seconds = 0
    private var nanoseconds = 0

    init(_ file: String?) {
        var facts = stat()
        guard let file, stat(file, &facts) == 0 else { return }
        inode = UInt(facts.st_ino)
        seconds = facts.st_mtim.tv_sec
        nanoseconds = facts.st_mtim.tv_nsec
    }
}
