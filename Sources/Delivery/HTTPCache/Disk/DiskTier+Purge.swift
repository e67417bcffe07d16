import Runtime
import Synchronization

/// The file of the purges, and where the next one goes.
struct JournalFile {
    var file: any StorageFile
    var end: Int
}

/// Purging what lies on disk. A purge is noted before and after that of the memory: in between, what is read is held
/// against the first note, and what leaves memory unpurged is older than the second.
extension DiskTier {
    private func entry(_ target: PurgeTarget, isSoft: Bool, now: Int64) -> PurgeJournal.Entry {
        let target: PurgeJournal.Target =
            switch target {
            case .key(let key): .key(hash.hash(key.bytes.span))
            case .prefix(let key): .prefix(key.bytes)
            case .tag(let tag): .tag(CacheTags.hash(tag.span))
            case .everything: .everything
            }
        return PurgeJournal.Entry(target: target, isSoft: isSoft, sequence: takeSequence(), second: now)
    }

    /// Notes a purge for whoever reads from now on.
    /// - Returns: how many objects on disk alone it met, where that is known without reading them.
    func note(_ target: PurgeTarget, isSoft: Bool, now: Int64) -> Int {
        let entry = entry(target, isSoft: isSoft, now: now)
        return state.withLock { state in
            state.journal.note(entry)
            guard case .key(let key) = entry.target else {
                if case .everything = entry.target, !isSoft { state.index.removeAll() }
                return 0
            }
            let absent = state.index.find(key).count { !$0.isResident }
            if !isSoft { state.index.remove(hash: key) { _ in true } }
            return absent
        }
    }

    /// Notes it again, and makes it last: when this returns, it holds across a crash. Blocks for a sync of the file.
    func keep(_ target: PurgeTarget, isSoft: Bool, now: Int64) {
        let entry = entry(target, isSoft: isSoft, now: now)
        state.withLock { $0.journal.note(entry) }
        let failure = journalFile.withLock { journal -> StorageError? in
            do throws(StorageError) {
                try write(entry, &journal)
                return nil
            } catch {
                return error
            }
        }
        guard let failure else { return }
        report("the cache can't keep a purge, so it gives up what is on disk: \(failure)")
        giveUp()
    }

    private func write(_ entry: PurgeJournal.Entry, _ journal: inout JournalFile) throws(StorageError) {
        let (count, entries) = state.withLock { state -> (Int, [PurgeJournal.Entry]) in
            if state.journal.count > settings.maximumPurges {
                var all = entry
                all.target = .everything
                all.isSoft = false
                state.journal = PurgeJournal()
                state.journal.note(all)
                state.index.removeAll()
                return (0, state.journal.entries)
            }
            return (state.journal.count, [])
        }
        var bytes: [UInt8] = []
        if count == 0 || journal.end > DiskTier.journalBytesPerPurge * (count + 1024) {
            for kept in entries.isEmpty ? state.withLock({ $0.journal.entries }) : entries { kept.append(to: &bytes) }
            let path = journal.file.path
            try storage.replaceAtomically(path, with: bytes)
            journal.file = try storage.open(path, mode: .readWrite)
            journal.end = bytes.count
            return
        }
        entry.append(to: &bytes)
        try journal.file.write(bytes.span, at: journal.end)
        try journal.file.sync()
        journal.end += bytes.count
    }

    /// A journal that is longer than this for each purge that counts is written anew.
    private static let journalBytesPerPurge = 128

    /// A purge that can't be kept must not come to nothing after a start: what it may have met is removed.
    private func giveUp() {
        let volumes = state.withLock { state -> [DiskVolume] in
            state.index.removeAll()
            state.counters.failures += 1
            defer {
                state.volumes = []
                state.bytes = 0
            }
            return state.volumes
        }
        for volume in volumes {
            do throws(StorageError) {
                try storage.remove(volume.file.path)
            } catch {
                report("\(volume.file.path) can't be removed and may hold what was purged: \(error)")
            }
        }
    }
}

extension PurgeJournal.Entry {
    /// Whether the bytes at a position end before an entry does: one that was being written, and never acknowledged.
    static func isCutOff(_ bytes: [UInt8], at position: Int) -> Bool {
        guard position + 36 <= bytes.count else { return true }
        return bytes[position...].allSatisfy { $0 == 0 }
            || position + 36 + Int(bytes.number(UInt32.self, at: position + 28)) > bytes.count
    }
}
