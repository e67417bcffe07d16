import Glibc

/// Reads bytes in the order they come: a file, a pipe, or standard input. Blocks; not for event loops.
public final class SequentialFile: @unchecked Sendable {
    public let path: String
    private let descriptor: Int32
    private let isOwned: Bool

    /// - Parameter path: `-` is standard input, which stays open afterwards.
    public init(path: String) throws(StorageError) {
        self.path = path
        if path == "-" {
            self.descriptor = STDIN_FILENO
            self.isOwned = false
            return
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.system("open", path) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw StorageError(code: .inputOutput, operation: "open", path: path, cause: "not a file that can be read")
        }
        self.descriptor = descriptor
        self.isOwned = true
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    /// Bytes of a regular file; `nil` of anything else.
    public var sizeBytes: Int? {
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(information.st_size)
    }

    /// Reads what is there, at most `range.count` bytes, into `buffer[range]`; waits for at least one byte.
    /// - Returns: How many bytes were read; 0 at the end.
    public func read(into buffer: inout [UInt8], _ range: Range<Int>) throws(StorageError) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= buffer.count, "the range is not inside the buffer")
        while true {
            let got = buffer.withUnsafeMutableBytes { bytes -> Int in
                guard let base = bytes.baseAddress else { return 0 }
                return Glibc.read(descriptor, base + range.lowerBound, range.count)
            }
            if got >= 0 { return got }
            guard errno == EINTR else { throw StorageError.system("read", path) }
        }
    }
}
