import Bytes
import Runtime
import Synchronization

/// Writes the log. Confined to its thread; unchecked for the way there.
final class DiskWriter: @unchecked Sendable {
    /// Bytes that are written with one call.
    private static let batchBytes = 1 << 20
    /// How long the tier pauses after the storage failed.
    private static let pauseNanoseconds: Int64 = 10_000_000_000

    private let tier: DiskTier
    private var nextVolume: UInt32
    private var volume: DiskVolume?
    /// Where the next batch goes.
    private var end = 0
    private var entries: [DiskVolume.Entry] = []
    private var batch: [UInt8] = []
    private var batchEntries: [DiskVolume.Entry] = []
    private var pausedUntil: Int64 = 0

    init(_ tier: DiskTier, nextVolume: UInt32) {
        self.tier = tier
        self.nextVolume = nextVolume
        batch.reserveCapacity(DiskWriter.batchBytes * 2)
    }

    func run() {
        while true {
            let (round, isStopping) =
                tier.signal.wait { state -> (Int, Bool)? in
                    state.asked > state.done || state.isStopping ? (state.asked, state.isStopping) : nil
                } ?? (0, true)
            writeAll()
            tier.signal.update { $0.done = round }
            if isStopping { break }
        }
        seal()
        tier.signal.update { $0.hasStopped = true }
    }

    private func writeAll() {
        let items = tier.queue.withLock { $0.takeAll() }
        let mayWrite = endPause()
        for item in items {
            guard mayWrite, pausedUntil == 0 else {
                tier.state.withLock { $0.counters.dropped += 1 }
                continue
            }
            write(item)
        }
        flush()
        tier.queue.withLock { $0.written() }
    }

    private func write(_ item: DiskQueue.Item) {
        let start = batch.count
        let record: DiskRecord?
        switch item {
        case .object(let object, let sequence):
            record = DiskRecord.append(
                object, sequence: sequence, hash: tier.hash, limit: tier.settings.maximumRecordBytes, to: &batch)
        case .drop(let hash, let variance, let sequence):
            let drop = DiskRecord(
                kind: variance == nil ? .dropAll : .drop, sequence: sequence, hash: hash, variance: variance ?? 0,
                metaChecksum: CRC32C.checksum([UInt8]().span))
            drop.appendHead(to: &batch)
            record = drop
        }
        if let record { place(record, from: start) }
    }

    /// Finds a place for a record at the end of the batch, in the next volume if this one is full.
    private func place(_ record: DiskRecord, from start: Int) {
        let isTooMuch =
            end + batch.count + DiskVolume.listBytes(entries.count + batchEntries.count + 1) > tier.settings.volumeBytes
        if volume == nil || isTooMuch {
            let own = Array(batch[start...])
            batch.removeSubrange(start...)
            flush()
            seal()
            guard pausedUntil == 0, openNext() else { return }
            batch.append(contentsOf: own)
            batchEntries.append(record.entry(at: end + batch.count - own.count))
        } else {
            batchEntries.append(record.entry(at: end + start))
        }
        if batch.count >= DiskWriter.batchBytes { flush() }
    }

    /// Writes the batch and puts what it holds in the index.
    private func flush() {
        guard let volume, !batch.isEmpty else { return }
        defer {
            batch.removeAll(keepingCapacity: true)
            batchEntries.removeAll(keepingCapacity: true)
        }
        do throws(StorageError) {
            try volume.file.write(batch.span, at: end)
        } catch {
            return pause(error)
        }
        end += batch.count
        entries.append(contentsOf: batchEntries)
        let added = batchEntries
        let bytes = batch.count
        tier.state.withLock { state in
            state.bytes += bytes
            for entry in added { state.take(entry, volume: volume.number, isNew: true) }
            for entry in added where entry.kind == .object {
                state.counters.writes += 1
                if let last = state.volumes.indices.last {
                    state.volumes[last].oldest = min(state.volumes[last].oldest, entry.sequence)
                }
            }
        }
    }

    // MARK: Volumes

    /// Closes the volume with the list of what it holds. If that fails a start goes through the records.
    private func seal() {
        guard let volume else { return }
        let list = DiskVolume.list(entries, at: end)
        do throws(StorageError) {
            try volume.file.write(list.span, at: end)
            try volume.file.sync()
            tier.state.withLock { $0.bytes += list.count }
        } catch {
            pause(error)
        }
        self.volume = nil
        entries = []
    }

    private func openNext() -> Bool {
        let kept = makeRoom()
        let path = StoragePath.join(tier.settings.path, DiskVolume.name(nextVolume))
        do throws(StorageError) {
            let file = try tier.storage.open(path, mode: .replace)
            let new = DiskVolume(number: nextVolume, file: file)
            try file.write(DiskVolume.head(nextVolume, tier.hash).span, at: 0)
            try tier.storage.syncFolder(tier.settings.path)
            volume = new
            nextVolume += 1
            end = DiskVolume.headBytes
            entries = []
            tier.state.withLock { state in
                state.volumes.append(new)
                state.bytes += DiskVolume.headBytes
            }
        } catch {
            pause(error)
            return false
        }
        for (record, bytes) in kept {
            batchEntries.append(record.entry(at: end + batch.count))
            batch.append(contentsOf: bytes)
        }
        return true
    }

    /// Removes the oldest volumes until another one fits.
    /// - Returns: what was read often enough to be written again, at most half a volume.
    private func makeRoom() -> [(DiskRecord, [UInt8])] {
        var kept: [(DiskRecord, [UInt8])] = []
        var bytes = 0
        while true {
            let oldest = tier.state.withLock { state -> DiskVolume? in
                let isFull =
                    state.volumes.count >= tier.settings.maximumVolumes
                    || state.bytes + tier.settings.volumeBytes > tier.settings.maximumBytes
                return isFull ? state.volumes.first : nil
            }
            guard let oldest else { return kept }
            let list = (try? oldest.readList()) ?? (try? oldest.scan().entries) ?? []
            for entry in list where entry.kind == .object {
                let isHot = tier.state.withLock { $0.leave(entry, volume: oldest.number) }
                guard isHot, bytes < tier.settings.volumeBytes / 2, let record = read(entry, oldest) else { continue }
                bytes += record.1.count
                kept.append(record)
            }
            let size = (try? oldest.file.size()) ?? 0
            tier.state.withLock { state in
                state.volumes.removeFirst()
                state.bytes = max(0, state.bytes - size)
                state.journal.forget(before: state.volumes.map(\.oldest).min() ?? 0)
            }
            let path = StoragePath.join(tier.settings.path, DiskVolume.name(oldest.number))
            do throws(StorageError) { try tier.storage.remove(path) } catch { pause(error) }
        }
    }

    private func read(_ entry: DiskVolume.Entry, _ volume: DiskVolume) -> (DiskRecord, [UInt8])? {
        let position = Int(entry.offset) * DiskRecord.alignment
        guard let bytes = try? volume.file.read(at: position, count: Int(entry.length) * DiskRecord.alignment),
            let record = DiskRecord.readHead(bytes, at: 0, limit: bytes.count), record.isIntact(bytes)
        else { return nil }
        return (record, bytes)
    }

    // MARK: Failures

    /// Nothing is written for a while. What the volume holds up to here stays good.
    private func pause(_ error: StorageError) {
        pausedUntil = tier.clock.monotonicNanoseconds() + DiskWriter.pauseNanoseconds
        volume = nil
        entries = []
        batch.removeAll(keepingCapacity: true)
        batchEntries.removeAll(keepingCapacity: true)
        let until = pausedUntil
        let wasPaused = tier.state.withLock { state in
            state.counters.failures += 1
            defer { state.pausedUntil = max(state.pausedUntil, until) }
            return state.pausedUntil > 0
        }
        if !wasPaused {
            tier.report("the cache writes nothing to disk until that works again, memory goes on: \(error)")
        }
    }

    /// Whether writing may be tried.
    private func endPause() -> Bool {
        guard pausedUntil > 0 else { return true }
        guard tier.clock.monotonicNanoseconds() >= pausedUntil else { return false }
        pausedUntil = 0
        tier.state.withLock { if $0.pausedUntil < .max { $0.pausedUntil = 0 } }
        return true
    }
}

extension DiskTier.State {
    /// Puts a record of a volume in the index.
    /// - Parameter isNew: it comes from memory.
    mutating func take(_ entry: DiskVolume.Entry, volume: UInt32, isNew: Bool) {
        switch entry.kind {
        case .object:
            index.insert(
                DiskIndex.Slot(
                    hash: entry.hash, volume: volume, offset: entry.offset, length: entry.length,
                    variance: entry.variance, next: DiskIndex.none, hits: 0, isResident: false, isUsed: true))
        case .drop: index.remove(hash: entry.hash) { $0.variance == entry.variance }
        case .dropAll: index.remove(hash: entry.hash) { _ in true }
        }
    }

    /// A record's volume goes. Whether it was read since it was written.
    fileprivate mutating func leave(_ entry: DiskVolume.Entry, volume: UInt32) -> Bool {
        var isHot = false
        index.remove(hash: entry.hash) { slot in
            guard slot.volume == volume, slot.offset == entry.offset else { return false }
            isHot = slot.hits > 0
            return true
        }
        return isHot
    }
}
