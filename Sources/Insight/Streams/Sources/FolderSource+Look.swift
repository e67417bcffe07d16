import Runtime
import SQL

/// A look through a watched folder. One of many files is made in parts, so that it holds nobody up.
struct FolderLook {
    /// Files that are looked at in one part: some milliseconds of work.
    static let part = 4_000

    /// When the next one begins: monotonic, microseconds.
    private(set) var next = Int64.min
    /// When this one began, and the one before.
    private var began = Int64.min
    private(set) var previous = Int64.min
    /// There is room for no more files.
    var isFull = false
    private(set) var isUnderWay = false
    private var paths: [String] = []
    /// The device of the folder. Its number may differ after a reboot, so it says nothing of a file.
    private(set) var home: UInt64 = 0
    /// It is one file that is watched: another is of interest only if it was that one before.
    private(set) var isOfOneFile = false
    /// What is watched is there; files that are missing in it are gone.
    private(set) var isThere = false
    /// The files that were found.
    var found: [(key: Int, modified: Int64)] = []

    /// - Parameter home: the device of what is watched; `nil` where it is not there.
    mutating func begin(_ paths: [String], home: UInt64?, isOfOneFile: Bool, now: Int64) {
        previous = began
        began = now
        isFull = false
        self.paths = paths.reversed()
        if let home { self.home = home }
        self.isOfOneFile = isOfOneFile
        isThere = home != nil
        found = []
        isUnderWay = true
    }

    mutating func nextPath() -> String? { paths.popLast() }

    mutating func end(next: Int64) {
        isUnderWay = false
        self.next = next
        found = []
    }

    /// An even number for the file.
    func key(of stamp: FileStamp) -> Int {
        let foreign = stamp.device == home ? 0 : stamp.device &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: (stamp.inode &+ foreign) & 0x1FFF_FFFF_FFFF_FFFF) * 2
    }
}

extension FolderSource {
    /// A file that is missing is remembered for so long, microseconds: a file system may be unmounted for a while.
    private static let memory: Int64 = 3_600_000_000
    /// Other programs' files that are not ready.
    private static let unreadyEndings = [".part", ".tmp", ".swp", ".new", "~"]
    /// Those of packed files.
    static let packedEndings = [".gz", ".zst", ".bz2", ".xz", ".lz4", ".zip", ".br"]

    /// The next part of a look.
    func lookAround(_ now: Int64) throws(SQLError) {
        if !look.isUnderWay { try beginLook(now) }
        for _ in 0..<FolderLook.part {
            guard let path = look.nextPath() else { return endLook(now) }
            // It may be gone by now.
            guard let stamp = try? FileStamp(path: path), stamp.isFile else { continue }
            take(path, stamp, now)
        }
    }

    private func beginLook(_ now: Int64) throws(SQLError) {
        beginRefusals()
        let stamp = try? FileStamp(path: path)
        if let stamp, !stamp.isFile {
            let paths = try names().map { StoragePath.join(path, $0) }
            return look.begin(paths, home: stamp.device, isOfOneFile: false, now: now)
        }
        // What a rotation renamed is in the folder yet.
        let others = files.isEmpty ? [] : siblings()
        look.begin((stamp == nil ? [] : [path]) + others, home: stamp?.device, isOfOneFile: true, now: now)
    }

    private func names() throws(SQLError) -> [String] {
        do throws(StorageError) {
            let names = try storage.list(path).filter(isOfInterest)
            guard let packed = names.first(where: Self.isPacked) else { return names }
            note(
                "\(StoragePath.join(path, packed)) is packed; packed files of a watched folder are not read",
                once: "packed")
            return names.filter { !Self.isPacked($0) }
        } catch {
            throw SQLError(code: .sourceFailed, message: "\(error)")
        }
    }

    private func siblings() -> [String] {
        let folder = StoragePath.folder(of: path)
        let prefix = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[$0...].dropFirst()) } ?? path
        let names = (try? storage.list(folder)) ?? []
        return names.filter { $0.hasPrefix(prefix) && $0 != prefix && !Self.isPacked($0) }
            .map { StoragePath.join(folder, $0) }
    }

    private func isOfInterest(_ name: String) -> Bool {
        !name.hasPrefix(".") && !name.hasPrefix("_") && !Self.unreadyEndings.contains { name.hasSuffix($0) }
    }

    static func isPacked(_ name: String) -> Bool { packedEndings.contains { name.hasSuffix($0) } }

    private func take(_ path: String, _ stamp: FileStamp, _ now: Int64) {
        let key = look.key(of: stamp)
        let known = files[key]
        if known == nil {
            if look.isOfOneFile, path != self.path { return }
            guard hasRoom() else {
                let limit = options.maximumFiles
                return note(
                    "\(self.path) holds more than \(limit) files; the others wait ('source.max-files')", once: "many")
            }
        }
        var file = known ?? WatchedFile(path: path, now: now)
        file.path = path
        file.seen = now
        let isChanged = file.size != stamp.size || file.modified != stamp.modified
        if file.size != stamp.size { file.changed = now }
        file.size = stamp.size
        do throws(StorageError) {
            if known == nil, skipsPresent {
                try skip(&file)
            } else if isChanged, file.offset > 0, try !isTheSame(file) {
                file.beginAnew()
            }
            file.modified = stamp.modified
        } catch {
            // Its modification time stays as it was, so that the next look tries again.
            refuse(path, error)
        }
        keep(file, key)
        look.found.append((key, stamp.modified))
    }

    private func skip(_ file: inout WatchedFile) throws(StorageError) {
        let handle = try storage.open(file.path, mode: .read)
        let count = min(file.size, WatchedFile.markLimit)
        file.skip(
            to: file.size, first: try handle.read(at: 0, count: count),
            last: try handle.read(at: file.size - count, count: count))
    }

    private func isTheSame(_ file: WatchedFile) throws(StorageError) -> Bool {
        let handle = try storage.open(file.path, mode: .read)
        return try file.isTheSame { (position, count) throws(StorageError) in
            try handle.read(at: position, count: count)
        }
    }

    /// Room for one more file: those that have been gone since the look before make it.
    private func hasRoom() -> Bool {
        if files.count < options.maximumFiles { return true }
        if !look.isFull {
            for (key, file) in files where file.seen < look.previous { forget(key) }
            look.isFull = files.count >= options.maximumFiles
        }
        return !look.isFull
    }

    private func endLook(_ now: Int64) {
        skipsPresent = false
        // Two names of one file are one file.
        var waiting = Dictionary(look.found.map { ($0.key, $0.modified) }, uniquingKeysWith: min)
        waiting = waiting.filter { files[$0.key].map { $0.unreadBytes > 0 } ?? false }
        ready = waiting.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.map(\.key)
        lagBytes = waiting.keys.reduce(0) { $0 + Int64(files[$1]?.unreadBytes ?? 0) }
        if look.isThere {
            for (key, file) in files where now - file.seen > Self.memory { forget(key) }
        }
        if look.isOfOneFile { forgetRenamed(now) }
        look.end(next: now + options.interval)
    }

    /// Of one watched file: those it was before, when they have been read and nothing comes any more.
    private func forgetRenamed(_ now: Int64) {
        for (key, file) in files
        where file.path != path && !file.path.isEmpty && file.unreadBytes == 0 && now - file.changed > options.lastLine
        {
            forget(key)
        }
    }
}
