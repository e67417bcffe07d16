public import Columns
import Runtime

/// Reads one partition in the order of its offsets: stored events first, then what is appended, for as long as the
/// caller goes on asking. Holds no lock and one frame. For one thread at a time; make as many readers as are needed.
public final class LogReader {
    /// Gaps kept for the caller; older ones are forgotten beyond this.
    private static let gapsMaximum = 1000

    /// What the batches have: the topic's schema when the reader was made, or the columns wanted of it. Events of an
    /// older or newer schema are brought to it: null where a column is missing or does not fit. With
    /// `ReadOptions.keepsTypes` a batch has what of the columns it was appended with, in the types of that time.
    public let schema: Schema
    /// The offset of the next event that `next` looks at.
    public private(set) var offset: Int64
    /// Damage that was skipped so far.
    public private(set) var gaps: [LogGap] = []
    /// Rows that the damage has cost, as far as is known.
    public private(set) var lostRows: Int64 = 0

    private let view: PartitionView
    private let columns: [String]?
    private let keepsTypes: Bool
    private let times: Range<Int64>?
    private let endOffset: Int64
    private let frameBytes: Int
    private var frames: FrameReader
    private var run: Run?

    /// What is left of a run of frames on disk.
    private struct Run {
        let file: SegmentFile
        var position: Int
        let end: Int
        let nextOffset: Int64
    }

    /// The offset behind the run's last frame on the way, which may lie before `offset`. What begins before it is no frame, as
    /// for whoever verifies or recovers. A run begins with a block, which may have been read in part.
    private var reached: Int64 = 0

    init(
        view: PartitionView, schema: Schema, position: LogPosition, options: ReadOptions, frameBytes: Int
    ) throws(LogError) {
        self.view = view
        if let columns = options.columns {
            var fields: [Field] = []
            for column in columns {
                guard let index = schema.index(of: column) else {
                    if options.keepsTypes { continue }
                    throw LogError(.unknownColumn, "topic \(view.topic) has no column \(column)", at: view.topic)
                }
                if !fields.contains(schema.fields[index]) { fields.append(schema.fields[index]) }
            }
            self.schema = Schema(fields)
            self.columns = columns
        } else {
            self.schema = schema
            self.columns = nil
        }
        self.keepsTypes = options.keepsTypes
        self.times = options.times
        self.endOffset = options.endOffset ?? .max
        self.frameBytes = frameBytes
        self.frames = FrameReader(frameBytes: frameBytes)
        self.offset =
            switch position {
            case .earliest: view.firstOffset
            case .latest: view.nextOffset
            case .offset(let offset): max(offset, view.firstOffset)
            }
    }

    /// The next events: at most one frame's.
    /// - Returns: `nil` at the end, or where the partition ends for now.
    /// - Throws: when storage fails; the reader stays where it was. Damaged frames are skipped and added to `gaps`.
    public func next(maximumRows: Int = 8192) throws(LogError) -> LogBatch? {
        precondition(maximumRows > 0)
        while offset < endOffset {
            if run != nil {
                if let batch = try nextOfRun(maximumRows) { return batch }
                continue
            }
            switch view.step(from: offset, times: times) {
            case .end(let end):
                offset = max(offset, min(end, endOffset))
                return nil
            case .tail(let frame):
                let all = frame.batch.given(schema, columns, keepsTypes: keepsTypes)
                return give(all, baseOffset: frame.baseOffset, maximumRows)
            case .disk(let file, let positions, let nextOffset):
                begin(file, positions, nextOffset)
            }
        }
        return nil
    }

    /// Waits until there is more to read.
    /// - Parameter timeoutMilliseconds: `nil` waits until the log is closed.
    /// - Returns: False when the time was up, the log is closed or the reader is at its end.
    public func waitForMore(timeoutMilliseconds: Int?) -> Bool {
        if offset >= endOffset { return false }
        return view.wait(for: offset, timeoutNanoseconds: timeoutMilliseconds.map { Int64($0) * 1_000_000 })
    }

    /// The next events, not decoded: any thread can do that, with a `LogPieceReader`. Damage shows there.
    /// - Returns: `nil` at the end, or where the partition ends for now.
    /// - Throws: when storage fails; the reader stays where it was.
    public func nextPiece(maximumRows: Int = 8192) throws(LogError) -> LogPiece? {
        precondition(maximumRows > 0)
        while offset < endOffset {
            if run != nil {
                if let found = try frameOfRun() {
                    let content = LogPiece.Content.disk(found.file, found.header, position: found.position)
                    let piece = self.piece(content, found.header.baseOffset..<found.header.nextOffset, maximumRows)
                    passRun(found.header)
                    return piece
                }
                continue
            }
            switch view.step(from: offset, times: times) {
            case .end(let end):
                offset = max(offset, min(end, endOffset))
                return nil
            case .tail(let frame):
                return piece(.tail(frame), frame.baseOffset..<frame.nextOffset, maximumRows)
            case .disk(let file, let positions, let nextOffset):
                begin(file, positions, nextOffset)
            }
        }
        return nil
    }

    private func begin(_ file: SegmentFile, _ positions: Range<Int>, _ nextOffset: Int64) {
        frames.reset()
        reached = 0
        run = Run(file: file, position: positions.lowerBound, end: positions.upperBound, nextOffset: nextOffset)
    }

    private func nextOfRun(_ maximumRows: Int) throws(LogError) -> LogBatch? {
        while let found = try frameOfRun() {
            let (file, header, position) = (found.file, found.header, found.position)
            let decoded = try storing { () throws(StorageError) in
                try frames.batch(file, header, at: position, columns: columns)
            }
            guard let decoded else {
                note(offset..<header.nextOffset, position..<position + header.frameLength, file, "a frame is damaged")
                offset = header.nextOffset
                passRun(header)
                continue
            }
            let rows = decoded.given(schema, columns, keepsTypes: keepsTypes)
            let batch = give(rows, baseOffset: header.baseOffset, maximumRows)
            passRun(header)
            return batch
        }
        return nil
    }

    /// The frame of the run that holds the next events; `nil` behind its last, and then there is no run.
    private func frameOfRun() throws(LogError) -> (file: any StorageFile, header: FrameHeader, position: Int)? {
        guard var current = run else { return nil }
        let file = try current.file.opened()
        while current.position < current.end, offset < endOffset {
            let found = try storing { () throws(StorageError) in
                try frames.header(file, at: current.position, end: current.end)
            }
            guard let header = found, header.baseOffset >= reached else {
                try skipDamage(file, &current)
                run = current
                continue
            }
            if header.nextOffset > offset, overlaps(header) {
                run = current
                return (file, header, current.position)
            }
            current.position += header.frameLength
            reached = header.nextOffset
            offset = max(offset, header.nextOffset)
            run = current
        }
        if current.position >= current.end { offset = max(offset, current.nextOffset) }
        run = nil
        return nil
    }

    /// Goes on behind the frame, once all of it was given.
    private func passRun(_ header: FrameHeader) {
        guard offset >= header.nextOffset else { return }
        run?.position += header.frameLength
        reached = header.nextOffset
    }

    private func overlaps(_ header: FrameHeader) -> Bool {
        guard let times else { return true }
        return header.minimumTime < times.upperBound && header.maximumTime >= times.lowerBound
    }

    /// Moves the run to the next sound frame.
    private func skipDamage(_ file: any StorageFile, _ current: inout Run) throws(LogError) {
        var scanner = SegmentScanner(
            file: file, from: current.position, to: current.end, expectedOffset: reached, frameBytes: frameBytes,
            isDeep: false)
        frames.reset()
        let start = current.position
        while let item = try storing({ () throws(StorageError) in try scanner.next() }) {
            guard case .frame(let header, let position) = item else { continue }
            // What lies before the first offset that is wanted is no loss of this reader.
            if offset < header.baseOffset {
                note(offset..<header.baseOffset, start..<position, file, "no frame begins here")
            }
            current.position = position
            offset = max(offset, header.baseOffset)
            return
        }
        note(offset..<max(offset, current.nextOffset), start..<current.end, file, "no frame begins here")
        current.position = current.end
    }

    private func note(_ offsets: Range<Int64>, _ bytes: Range<Int>, _ file: any StorageFile, _ reason: String) {
        lostRows += Int64(offsets.count)
        if gaps.count == LogReader.gapsMaximum { gaps.removeFirst() }
        gaps.append(
            LogGap(
                topic: view.topic, partition: view.number, offsets: offsets, file: file.path, bytes: bytes,
                reason: reason))
    }

    /// The rows of a frame from `offset` on, within the limits; moves `offset` past them.
    private func give(_ batch: Batch, baseOffset: Int64, _ maximumRows: Int) -> LogBatch {
        let offsets = take(baseOffset..<baseOffset + Int64(batch.rowCount), maximumRows)
        let rows = batch.slice(Int(offsets.lowerBound - baseOffset)..<Int(offsets.upperBound - baseOffset))
        return LogBatch(topic: view.topic, partition: view.number, baseOffset: offsets.lowerBound, batch: rows)
    }

    private func piece(_ content: LogPiece.Content, _ frame: Range<Int64>, _ maximumRows: Int) -> LogPiece {
        LogPiece(
            topic: view.topic, partition: view.number, offsets: take(frame, maximumRows), content: content,
            schema: schema, columns: columns, keepsTypes: keepsTypes)
    }

    /// What of a frame's offsets is given next; moves `offset` past it.
    private func take(_ frame: Range<Int64>, _ maximumRows: Int) -> Range<Int64> {
        let first = max(offset, frame.lowerBound)
        offset = min(endOffset, frame.upperBound, first + Int64(maximumRows))
        return first..<offset
    }
}
