import Columns
import Runtime
import Synchronization

/// Writes a closed segment of many small frames again with fewer and larger ones. A quiet edge appends a few events at
/// a time; as frames of their own they cost many times the bytes and the reading of frames that are full.
///
/// Offsets stay. Runs on any thread beside the log's: it reads a segment that no longer changes and writes a file
/// that nobody knows, which the log's thread then puts in the segment's place.
final class SegmentCompaction: Sendable {
    /// Segments with fewer rows a frame than this are worth it.
    static let worthwhileRows = 512
    static let worthwhileFrames = 64
    /// Rows gathered into one frame.
    private static let frameRows = 4096
    private static let writeBytes = 1 << 20

    struct Outcome: Sendable {
        let index: SegmentIndex
        let path: String
    }

    let segment: PartitionView.Segment
    let topic: String
    let partition: Int
    private let storage: any Storage
    private let compression: Compression
    private let frameBytes: Int
    private let isCancelled = Atomic(false)

    init(
        _ segment: PartitionView.Segment, topic: String, partition: Int, storage: any Storage,
        compression: Compression, frameBytes: Int
    ) {
        self.segment = segment
        self.topic = topic
        self.partition = partition
        self.storage = storage
        self.compression = compression
        self.frameBytes = frameBytes
    }

    static func isWorthwhile(_ index: SegmentIndex) -> Bool {
        let rows = index.nextOffset - index.baseOffset
        return index.frames >= worthwhileFrames && rows / Int64(index.frames) < Int64(worthwhileRows)
    }

    func cancel() {
        isCancelled.store(true, ordering: .relaxed)
    }

    /// - Returns: The new file, synced, and its index; `nil` when it would be no smaller, when the segment is damaged
    ///   (then it stays as it is, for who wants to look), or when cancelled.
    func run() -> Outcome? {
        let path = segment.file.path + ".new"
        do {
            if let index = try write(path), index.bytes < segment.index.bytes,
                index.nextOffset == segment.index.nextOffset
            {
                return Outcome(index: index, path: path)
            }
        } catch {
            // Nothing is lost: the segment stays as it was.
        }
        try? storage.remove(path)
        return nil
    }

    private func write(_ path: String) throws -> SegmentIndex? {
        let source = try segment.file.opened()
        var output = Output(
            file: try storage.open(path, mode: .replace), index: SegmentIndex(baseOffset: segment.index.baseOffset),
            compression: compression, frameBytes: frameBytes, topic: topic)
        var frames = FrameReader(frameBytes: frameBytes)
        var gathered: [(header: FrameHeader, batch: Batch)] = []
        var rows = 0
        var position = 0
        while position < segment.index.bytes {
            if isCancelled.load(ordering: .relaxed) { return nil }
            guard let header = try frames.header(source, at: position, end: segment.index.bytes),
                header.baseOffset == output.index.nextOffset + Int64(rows),
                let batch = try frames.batch(source, header, at: position, columns: nil)
            else { return nil }
            if let first = gathered.first,
                rows + batch.rowCount > SegmentCompaction.frameRows || batch.schema != first.batch.schema
                    || header.hasArrivalTimes != first.header.hasArrivalTimes
            {
                try output.append(gathered)
                gathered.removeAll(keepingCapacity: true)
                rows = 0
            }
            gathered.append((header, batch))
            rows += batch.rowCount
            position += header.frameLength
        }
        if !gathered.isEmpty { try output.append(gathered) }
        try output.finish()
        return output.index
    }

    private struct Output {
        let file: any StorageFile
        var index: SegmentIndex
        let compression: Compression
        let frameBytes: Int
        let topic: String
        private var buffer: [UInt8] = []
        private var written = 0

        init(
            file: any StorageFile, index: SegmentIndex, compression: Compression, frameBytes: Int, topic: String
        ) {
            self.file = file
            self.index = index
            self.compression = compression
            self.frameBytes = frameBytes
            self.topic = topic
        }

        mutating func append(_ frames: [(header: FrameHeader, batch: Batch)]) throws {
            var header = frames[0].header
            for frame in frames.dropFirst() {
                header.minimumTime = min(header.minimumTime, frame.header.minimumTime)
                header.maximumTime = max(header.maximumTime, frame.header.maximumTime)
                header.arrivalTime = max(header.arrivalTime, frame.header.arrivalTime)
                header.schemaVersion = max(header.schemaVersion, frame.header.schemaVersion)
            }
            let batch = Batch.concatenate(frames.map(\.batch))
            header.rowCount = batch.rowCount
            let position = written + buffer.count
            header = try FrameCodec.append(
                BatchCodec.encode(batch, compression: compression), header: header, compression: compression,
                frameBytes: frameBytes, topic: topic, to: &buffer)
            index.add(header, at: position)
            if buffer.count >= SegmentCompaction.writeBytes { try flush() }
        }

        private mutating func flush() throws {
            try file.write(buffer.span, at: written)
            written += buffer.count
            buffer.removeAll(keepingCapacity: true)
        }

        mutating func finish() throws {
            try flush()
            try file.sync()
        }
    }
}
