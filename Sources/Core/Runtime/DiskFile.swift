import Glibc

/// A file descriptor; closed when the last reference goes.
final class DiskFile: StorageFile {
    let descriptor: Int32
    let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    func size() throws(StorageError) -> Int {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw StorageError.system("fstat", path) }
        return Int(information.st_size)
    }

    func write(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) {
        let failed = bytes.withUnsafeBufferPointer { buffer in
            var done = 0
            while done < buffer.count {
                guard let base = buffer.baseAddress else { return false }
                let wrote = pwrite(descriptor, base + done, buffer.count - done, off_t(position + done))
                if wrote > 0 {
                    done += wrote
                } else if wrote < 0 && errno != EINTR {
                    return true
                }
            }
            return false
        }
        if failed { throw StorageError.system("pwrite", path) }
    }

    func read(at position: Int, into buffer: inout [UInt8], _ range: Range<Int>) throws(StorageError) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= buffer.count, "the range is not inside the buffer")
        let got = buffer.withUnsafeMutableBytes { bytes -> Int in
            var done = 0
            while done < range.count {
                guard let base = bytes.baseAddress else { return done }
                let target = base + range.lowerBound + done
                let count = pread(descriptor, target, range.count - done, off_t(position + done))
                if count > 0 {
                    done += count
                } else if count == 0 {
                    return done
                } else if errno != EINTR {
                    return -1
                }
            }
            return done
        }
        guard got >= 0 else { throw StorageError.system("pread", path) }
        return got
    }

    func sync() throws(StorageError) {
        while fdatasync(descriptor) != 0 {
            guard errno == EINTR else { throw StorageError.system("fdatasync", path) }
        }
    }

    func truncate(to size: Int) throws(StorageError) {
        while ftruncate(descriptor, off_t(size)) != 0 {
            guard errno == EINTR else { throw StorageError.system("ftruncate", path) }
        }
    }
}
