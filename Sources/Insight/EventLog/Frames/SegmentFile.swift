import Runtime
import Synchronization

/// The file of one segment, opened at its first use. A segment that retention removed stays readable for those who
/// hold it.
final class SegmentFile: Sendable {
    let path: String
    private let storage: any Storage
    private let file: Mutex<(any StorageFile)?>

    init(path: String, storage: any Storage, file: (any StorageFile)? = nil) {
        self.path = path
        self.storage = storage
        self.file = Mutex(file)
    }

    func opened() throws(LogError) -> any StorageFile {
        if let file = file.withLock({ $0 }) { return file }
        let opened = try storing { () throws(StorageError) in try storage.open(path, mode: .read) }
        return file.withLock { file in
            if let file { return file }
            file = opened
            return opened
        }
    }

    var indexPath: String { SegmentFile.indexPath(of: path) }

    static func indexPath(of path: String) -> String { String(path.dropLast(4)) + ".idx" }

    /// `00000000000000001234.log`
    static func name(baseOffset: Int64) -> String {
        let digits = String(baseOffset)
        return String(repeating: "0", count: 20 - digits.count) + digits + ".log"
    }

    /// `nil` when the name is not that of a segment.
    static func baseOffset(name: String) -> Int64? {
        guard name.count == 24, name.hasSuffix(".log") else { return nil }
        let digits = name.dropLast(4)
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(digits)
    }
}
