import Bytes
import Runtime

/// Opens a tier's folder: the format, the purges, and the volumes in the order in which they were written.
struct DiskRecovery {
    struct Opened {
        var hash: SipHash
        var state: DiskTier.State
        var nextSequence: UInt64
        var nextVolume: UInt32
        var journalFile: any StorageFile
        var journalEnd: Int
    }

    static let version: UInt32 = 1
    private static let formatMagic: UInt64 = 0x6863_6163_616C_7173
    private static let formatBytes = 32
    /// Largest journal that is read.
    private static let journalLimit = 1 << 30

    private let settings: DiskSettings
    private let storage: any Storage
    private let report: @Sendable (String) -> Void
    private var state = DiskTier.State()
    private var newest: UInt64 = 0

    static func open(
        _ settings: DiskSettings, _ storage: any Storage, _ report: @escaping @Sendable (String) -> Void
    ) throws(StorageError) -> Opened {
        var recovery = DiskRecovery(settings: settings, storage: storage, report: report)
        let hash = try recovery.readFormat()
        let nextVolume = try recovery.readVolumes(hash)
        let (file, end) = try recovery.readJournal()
        return Opened(
            hash: hash, state: recovery.state, nextSequence: recovery.newest + 1, nextVolume: nextVolume,
            journalFile: file, journalEnd: end)
    }

    private init(settings: DiskSettings, storage: any Storage, report: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.storage = storage
        self.report = report
    }

    private func path(_ name: String) -> String { StoragePath.join(settings.path, name) }

    // MARK: Format

    private func readFormat() throws(StorageError) -> SipHash {
        let path = path("format")
        if try storage.exists(path) {
            let bytes = try storage.readAll(path, limit: 4096)
            if bytes.count == DiskRecovery.formatBytes, bytes.number(UInt64.self, at: 0) == DiskRecovery.formatMagic,
                CRC32C.checksum(bytes.span.extracting(0..<28)) == bytes.number(UInt32.self, at: 28)
            {
                let version = bytes.number(UInt32.self, at: 8)
                guard version == DiskRecovery.version else {
                    throw StorageError(
                        code: .inputOutput, operation: "open", path: settings.path,
                        cause: "a cache of format \(version), this program has \(DiskRecovery.version): "
                            + "empty the folder or name another")
                }
                return SipHash(key0: bytes.number(UInt64.self, at: 12), key1: bytes.number(UInt64.self, at: 20))
            }
            report("the format of the cache in \(settings.path) can't be read: it begins empty")
        }
        try removeVolumes()
        let hash = SipHash(key0: .random(in: .min ... .max), key1: .random(in: .min ... .max))
        var bytes: [UInt8] = []
        bytes.append(little: DiskRecovery.formatMagic)
        bytes.append(little: DiskRecovery.version)
        bytes.append(little: hash.key0)
        bytes.append(little: hash.key1)
        bytes.append(little: CRC32C.checksum(bytes.span))
        try storage.replaceAtomically(path, with: bytes)
        return hash
    }

    private func removeVolumes() throws(StorageError) {
        for name in try storage.list(settings.path) where DiskVolume.number(name) != nil {
            try storage.remove(path(name))
        }
    }

    // MARK: Volumes

    /// - Returns: the number of the next one.
    private mutating func readVolumes(_ hash: SipHash) throws(StorageError) -> UInt32 {
        let numbers = try storage.list(settings.path).compactMap { DiskVolume.number($0) }.sorted()
        var last: UInt32 = 0
        for number in numbers {
            let path = path(DiskVolume.name(number))
            var volume = DiskVolume(number: number, file: try storage.open(path, mode: .readWrite))
            let entries: [DiskVolume.Entry]
            do throws(StorageError) {
                guard number < .max, try volume.isOf(hash) else {
                    report("\(path) is no file of this cache, or damaged: removed")
                    try storage.remove(path)
                    continue
                }
                entries = try self.entries(of: volume)
                state.bytes += try volume.file.size()
            } catch {
                // What can't be read would come back after purges that it was held against were forgotten.
                report("\(path) can't be read: removed (\(error))")
                try storage.remove(path)
                continue
            }
            for entry in entries {
                newest = max(newest, entry.sequence)
                if entry.kind == .object { volume.oldest = min(volume.oldest, entry.sequence) }
                state.take(entry, volume: number, isNew: false)
            }
            state.volumes.append(volume)
            last = number
        }
        return last + 1
    }

    /// From the list, or from the records where the volume was not closed; it is closed then.
    private func entries(of volume: DiskVolume) throws(StorageError) -> [DiskVolume.Entry] {
        if let list = try volume.readList() { return list }
        let (entries, end) = try volume.scan()
        do throws(StorageError) {
            try volume.file.truncate(to: end)
            try volume.file.write(DiskVolume.list(entries, at: end).span, at: end)
        } catch {
            // The next start goes through the records again.
            report("the cache can't close \(volume.file.path): \(error)")
        }
        return entries
    }

    // MARK: Purges

    private mutating func readJournal() throws(StorageError) -> (any StorageFile, end: Int) {
        let path = path("purges")
        let bytes = try storage.exists(path) ? try storage.readAll(path, limit: DiskRecovery.journalLimit) : []
        var position = 0
        while position < bytes.count {
            guard let entry = PurgeJournal.Entry.read(bytes, at: &position) else {
                if PurgeJournal.Entry.isCutOff(bytes, at: position) { break }
                // A purge was promised that can't be read any more.
                report("the purges of the cache in \(settings.path) can't be read: it begins empty")
                state.index.removeAll()
                newest += 1
                state.journal.note(
                    PurgeJournal.Entry(target: .everything, isSoft: false, sequence: newest, second: 0))
                break
            }
            newest = max(newest, entry.sequence)
            state.journal.note(entry)
        }
        state.journal.forget(before: state.volumes.map(\.oldest).min() ?? .max)
        var kept: [UInt8] = []
        for entry in state.journal.entries { entry.append(to: &kept) }
        try storage.replaceAtomically(path, with: kept)
        return (try storage.open(path, mode: .readWrite), kept.count)
    }
}
