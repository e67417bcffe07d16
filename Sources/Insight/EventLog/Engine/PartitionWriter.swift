import Columns
import Runtime

/// The writing end of a partition. A group is staged in memory, written with one call, synced if someone waits for
/// that, and then published to readers; or it fails as a whole and leaves no trace.
///
/// Invariant: the file holds published frames up to `publishedBytes`. What lies beyond is cut away before the next
/// write (`mustTruncate`); what a failed sync may have lost is written again before the next sync (`mustRewrite`).
final class PartitionWriter {
    let view: PartitionView
    private let topic: String
    private let folder: String
    private let storage: any Storage
    private let frameBytes: Int

    private var file: (any StorageFile)?
    private var segment: PartitionView.Segment?
    private var publishedBytes = 0
    private var syncedBytes = 0
    private var firstArrival = Int64.max
    private var nextOffset: Int64
    private var mustTruncate = false
    private var mustRewrite = false
    /// When the oldest unsynced byte was published, in monotonic nanoseconds.
    private(set) var unsyncedSince: Int64?
    /// Bytes of the segment when its index was last written.
    private var indexedBytes = 0

    /// The segment that was closed last and waits to be looked at for compaction.
    private var closedSegment: PartitionView.Segment?

    private var staged: [UInt8] = []
    private var stagedFrames: [(header: FrameHeader, position: Int, batch: Batch)] = []

    init(view: PartitionView, topic: String, folder: String, storage: any Storage, frameBytes: Int) {
        self.view = view
        self.topic = topic
        self.folder = folder
        self.storage = storage
        self.frameBytes = frameBytes
        self.nextOffset = view.nextOffset
        self.segment = view.segments.last
        self.publishedBytes = segment?.index.bytes ?? 0
        self.syncedBytes = publishedBytes
        self.indexedBytes = publishedBytes
        self.firstArrival = segment?.index.firstArrival ?? .max
    }

    var hasStaged: Bool { !stagedFrames.isEmpty }
    var stagedBytes: Int { staged.count }
    var stagedFrameCount: Int { stagedFrames.count }

    // MARK: A group

    /// Takes rows as the next frames of the group.
    /// - Returns: The offset of the first row.
    func stage(_ rows: EncodedRows, schemaVersion: Int, arrival: Int64) throws(LogError) -> Int64 {
        let first = nextOffset
        let framesBefore = stagedFrames.count
        let bytesBefore = staged.count
        do throws(LogError) {
            for frame in rows.frames {
                try stage(frame, schemaVersion: schemaVersion, compression: rows.compression, arrival: arrival)
            }
        } catch {
            stagedFrames.removeLast(stagedFrames.count - framesBefore)
            staged.removeLast(staged.count - bytesBefore)
            nextOffset = first
            throw error
        }
        return first
    }

    private func stage(
        _ frame: EncodedRows.Frame, schemaVersion: Int, compression: Compression, arrival: Int64
    ) throws(LogError) {
        var header = FrameHeader()
        header.schemaVersion = schemaVersion
        header.rowCount = frame.batch.rowCount
        header.baseOffset = nextOffset
        header.arrivalTime = arrival
        if let times = frame.batch.eventTimes {
            (header.minimumTime, header.maximumTime) = (times.lowerBound, times.upperBound)
        } else {
            (header.minimumTime, header.maximumTime, header.hasArrivalTimes) = (arrival, arrival, true)
        }
        let position = staged.count
        header = try FrameCodec.append(
            frame.bytes, header: header, compression: compression, frameBytes: frameBytes, topic: topic, to: &staged)
        stagedFrames.append((header, position, frame.batch))
        nextOffset = header.nextOffset
    }

    /// Writes what is staged to the file, in a new segment when the current one is full.
    func write(_ settings: TopicSettings, arrival: Int64) throws(LogError) {
        if needsNewSegment(settings, now: arrival) { try roll() }
        let bytes = staged
        try storing { () throws(StorageError) in
            let file = try openedFile()
            if mustTruncate {
                try file.truncate(to: publishedBytes)
                mustTruncate = false
            }
            mustTruncate = true
            try file.write(bytes.span, at: publishedBytes)
        }
    }

    /// Makes what was written durable, staged frames included.
    func sync() throws(LogError) {
        guard let file else { return }
        try storing { () throws(StorageError) in
            if mustTruncate, stagedFrames.isEmpty {
                try file.truncate(to: publishedBytes)
                mustTruncate = false
            }
            if mustRewrite {
                try rewriteUnsynced(file)
                mustRewrite = false
            }
            do throws(StorageError) {
                try file.sync()
            } catch {
                // The system may have dropped the bytes it could not write and call them clean.
                mustRewrite = true
                throw error
            }
        }
        syncedBytes = publishedBytes + staged.count
        unsyncedSince = nil
    }

    /// Shows the written frames to readers.
    /// - Parameter now: Monotonic nanoseconds.
    func publish(now: Int64) {
        mustTruncate = false
        for index in stagedFrames.indices { stagedFrames[index].position += publishedBytes }
        view.publish(stagedFrames)
        firstArrival = min(firstArrival, stagedFrames.first?.header.arrivalTime ?? .max)
        publishedBytes += staged.count
        if syncedBytes < publishedBytes, unsyncedSince == nil { unsyncedSince = now }
        clearStaged()
    }

    /// Gives up the group. What of it reached the file is cut away, now if that works, else before the next write.
    func discard() {
        nextOffset = view.nextOffset
        clearStaged()
        syncedBytes = min(syncedBytes, publishedBytes)
        guard mustTruncate, let file else { return }
        guard (try? file.truncate(to: publishedBytes)) != nil else { return }
        mustTruncate = false
        // So that a crash does not bring back what was reported as failed.
        if !mustRewrite, (try? file.sync()) != nil {
            syncedBytes = publishedBytes
            unsyncedSince = nil
        } else {
            mustRewrite = true
            if syncedBytes < publishedBytes, unsyncedSince == nil { unsyncedSince = 0 }
        }
    }

    private func clearStaged() {
        stagedFrames.removeAll(keepingCapacity: true)
        staged.removeAll(keepingCapacity: staged.capacity <= 32 << 20)
    }

    private func rewriteUnsynced(_ file: any StorageFile) throws(StorageError) {
        let end = publishedBytes + (mustTruncate ? staged.count : 0)
        var position = syncedBytes
        var buffer = [UInt8](repeating: 0, count: min(1 << 20, max(0, end - position)))
        while position < end {
            let count = try file.read(at: position, into: &buffer, 0..<min(buffer.count, end - position))
            guard count > 0 else { break }
            try file.write(buffer.span.extracting(0..<count), at: position)
            position += count
        }
    }

    // MARK: Segments

    private func openedFile() throws(StorageError) -> any StorageFile {
        if let file { return file }
        guard let segment else {
            throw StorageError(code: .notFound, operation: "open", path: folder, cause: "there is no segment")
        }
        let opened = try storage.open(segment.file.path, mode: .readWrite)
        file = opened
        return opened
    }

    private func needsNewSegment(_ settings: TopicSettings, now: Int64) -> Bool {
        if segment == nil { return true }
        if publishedBytes == 0 { return false }
        return publishedBytes >= settings.segmentBytes || isTooOld(settings, now: now)
    }

    private func isTooOld(_ settings: TopicSettings, now: Int64) -> Bool {
        firstArrival < now && (now - firstArrival) / 1_000_000 >= settings.segmentSeconds
    }

    /// Closes the segment and begins the next one.
    private func roll() throws(LogError) {
        if file != nil || segment != nil { try finishSegment() }
        let base = view.nextOffset
        let path = StoragePath.join(folder, SegmentFile.name(baseOffset: base))
        let opened = try storing { () throws(StorageError) in
            let opened = try storage.open(path, mode: .create)
            // Left from an attempt that failed it is empty; anything else is somebody's events.
            guard try opened.size() == 0 else {
                throw StorageError(
                    code: .alreadyExists, operation: "open", path: path, cause: "a segment is in the way")
            }
            try storage.syncFolder(folder)
            return opened
        }
        let next = PartitionView.Segment(
            file: SegmentFile(path: path, storage: storage, file: opened), index: SegmentIndex(baseOffset: base))
        closedSegment = view.segments.last
        view.append(next)
        file = opened
        segment = next
        (publishedBytes, syncedBytes, indexedBytes) = (0, 0, 0)
        firstArrival = .max
        (mustTruncate, mustRewrite) = (false, false)
        unsyncedSince = nil
    }

    /// Syncs the segment, with nothing beyond its frames, and writes its index.
    private func finishSegment() throws(LogError) {
        try storing { () throws(StorageError) in
            let file = try openedFile()
            guard mustTruncate || mustRewrite || syncedBytes < publishedBytes else { return }
            if mustTruncate {
                try file.truncate(to: publishedBytes)
                mustTruncate = false
            }
            if mustRewrite { try rewriteUnsynced(file) }
            do throws(StorageError) {
                try file.sync()
                mustRewrite = false
            } catch {
                mustRewrite = true
                throw error
            }
            syncedBytes = publishedBytes
            unsyncedSince = nil
        }
        writeIndex()
    }

    /// Writes the index of what is published and synced. Best effort: it can always be made again.
    func writeIndex() {
        guard let current = view.segments.last, current.index.bytes == syncedBytes, indexedBytes != syncedBytes else {
            return
        }
        let path = current.file.indexPath
        if (try? storage.replaceAtomically(path, with: current.index.encoded())) != nil { indexedBytes = syncedBytes }
    }

    // MARK: In between

    /// Syncs what has waited for long enough, and keeps the index within reach of the end.
    func syncIfDue(now: Int64, intervalNanoseconds: Int64) throws(LogError) -> Bool {
        guard let unsyncedSince, now - unsyncedSince >= intervalNanoseconds else { return false }
        try sync()
        if syncedBytes - indexedBytes >= LogEngine.indexEveryBytes { writeIndex() }
        return true
    }

    /// Removes the oldest segments that the settings no longer keep.
    /// - Parameter now: Microseconds since 1970.
    /// - Returns: How many.
    func applyRetention(_ settings: TopicSettings, now: Int64) -> Int {
        var removed = 0
        var segments = view.segments
        var bytes = segments.reduce(0) { $0 + $1.index.bytes }
        while segments.count > 1 {
            let oldest = segments[0]
            let isTooMuch = settings.retentionBytes.map { bytes > $0 } ?? false
            let youngest = oldest.index.eventTimes?.upperBound ?? .min
            // Of an event time in the future the arrival is the better witness.
            let age = now - min(youngest, oldest.index.lastArrival)
            let isTooOld = settings.retentionSeconds.map { age / 1_000_000 >= $0 } ?? false
            guard isTooMuch || isTooOld else { break }
            // The segment goes before its index: an index alone is swept at the next start.
            guard (try? storage.remove(oldest.file.path)) != nil else { break }
            try? storage.remove(oldest.file.indexPath)
            view.removeFirstSegment()
            bytes -= oldest.index.bytes
            segments.removeFirst()
            removed += 1
        }
        return removed
    }

    /// The work of making the segment that was closed last smaller, if that is worthwhile. Asked once per segment.
    func takeCompaction(_ compression: Compression) -> SegmentCompaction? {
        guard let closed = closedSegment else { return nil }
        closedSegment = nil
        guard SegmentCompaction.isWorthwhile(closed.index) else { return nil }
        return SegmentCompaction(
            closed, topic: topic, partition: view.number, storage: storage, compression: compression,
            frameBytes: frameBytes)
    }

    /// Puts a compacted file in the place of its segment. A crash in between leaves the one or the other; the index
    /// of the other does not fit and is made again.
    func adopt(_ outcome: SegmentCompaction.Outcome, of compaction: SegmentCompaction) {
        let path = compaction.segment.file.path
        let segments = view.segments
        guard segments.dropLast().contains(where: { $0.file === compaction.segment.file }),
            (try? storage.rename(outcome.path, to: path)) != nil
        else {
            try? storage.remove(outcome.path)
            return
        }
        view.replace(
            PartitionView.Segment(file: SegmentFile(path: path, storage: storage), index: outcome.index))
        try? storage.syncFolder(folder)
        try? storage.replaceAtomically(SegmentFile.indexPath(of: path), with: outcome.index.encoded())
    }

    /// Syncs all and writes the index, so that the next start has nothing to scan.
    func close() throws(LogError) {
        if segment != nil, file != nil { try finishSegment() }
    }
}

extension Batch {
    /// The least and greatest `@timestamp`; `nil` when there is no such column or no value in it.
    var eventTimes: ClosedRange<Int64>? {
        guard let column = column("@timestamp"), column.type == .timestamp, let values = column.int64s else {
            return nil
        }
        var least = Int64.max
        var most = Int64.min
        if let validity = column.validity {
            for row in values.indices where validity[row] {
                least = min(least, values[row])
                most = max(most, values[row])
            }
        } else {
            for value in values {
                least = min(least, value)
                most = max(most, value)
            }
        }
        return least <= most ? least...most : nil
    }
}
