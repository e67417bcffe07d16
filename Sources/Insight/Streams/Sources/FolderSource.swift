import Columns
import Runtime
import SQL

/// Follows the files of a folder, or one file: those that come, and those that grow. Whole lines are handed on; how far
/// each file was read goes into checkpoints.
///
/// A file is told by its inode, so that one that is renamed goes on where it was read to, and by checksums of what was
/// read of it, so that one that takes an old one's inode, or was cut and written anew, is read from its start. What has
/// more is read the longest unchanged first, each up to the size it had at the last look.
final class FolderSource {
    struct Options: Sendable, Hashable {
        /// Between two looks into the folder, microseconds.
        var interval: Int64 = 1_000_000
        /// A last line without an end counts as one when its file has not grown for so long, microseconds, and it is a row;
        /// 0 when nothing more is to come.
        var lastLine: Int64 = 10_000_000
        /// Files that are known at a time.
        var maximumFiles = 100_000
        /// Columns that tell of the file.
        var metadata: [String: FileMetadata] = [:]
    }

    private static let pieceBytes = 256 << 10
    /// A longer line is no row.
    private static let lineBytes = 4 << 20
    private static let headerBytes = 64 << 10
    /// What is told about single files in one run.
    private static let maximumNotes = 20

    /// The file that is being read; its handle outlives the name.
    private struct Opened {
        let key: Int
        let handle: any StorageFile
        var header: [UInt8]?
    }

    let path: String
    let options: Options
    let storage: any Storage
    let clock: any Clock
    private let format: TableDefinition.FileFormat
    private let schema: Schema
    /// Those that are read of the files.
    private let readSchema: Schema
    /// By key of the file.
    var files: [Int: WatchedFile] = [:]
    /// By file two numbers, for a checkpoint.
    private(set) var offsets: [Int: Int64] = [:]
    /// Keys of files that have more, the longest unchanged last.
    var ready: [Int] = []
    var look = FolderLook()
    /// Files are taken as read that are there at the first look.
    var skipsPresent: Bool
    private var opened: Opened?
    private var notes: [String] = []
    private var noted: Set<String> = []
    /// Lines that were no rows.
    private(set) var malformedLines = 0
    /// Bytes that are there and were not read.
    var lagBytes: Int64 = 0
    /// The first file that could not be read at the last try, and why.
    private(set) var refusal: String?

    /// - Parameters:
    ///   - columns: that are wanted.
    ///   - offsets: where a run before stood; `nil` where there was none.
    ///   - fromLatest: what is there when the source begins is not read. It means nothing with `offsets`.
    init(
        path: String, format: TableDefinition.FileFormat, columns: Schema, options: Options, offsets: [Int: Int64]?,
        fromLatest: Bool = false, clock: any Clock, storage: any Storage = DiskStorage()
    ) {
        self.path = path
        self.format = format
        self.schema = columns
        readSchema = Schema(columns.fields.filter { options.metadata[$0.name] == nil })
        self.options = options
        self.storage = storage
        self.clock = clock
        self.offsets = offsets ?? [:]
        skipsPresent = fromLatest && offsets == nil
        let now = clock.monotonicNanoseconds() / 1_000
        for (key, place) in self.offsets where key % 2 == 0 {
            files[key] = WatchedFile(saved: (place, self.offsets[key + 1] ?? 0), now: now)
        }
    }

    /// The folder is being looked through: more may come before the next look.
    var isLooking: Bool { look.isUnderWay }

    /// The next rows; `nil` when there are none now.
    ///
    /// - Throws: `source_failed` where the folder can't be read. A single file that can't is passed over, and told.
    func next() throws(SQLError) -> Batch? {
        if let batch = readReady() { return batch }
        let now = clock.monotonicNanoseconds() / 1_000
        guard look.isUnderWay || now >= look.next else { return nil }
        try lookAround(now)
        return readReady()
    }

    private func readReady() -> Batch? {
        while let key = ready.last {
            if let batch = read(key) { return batch }
            ready.removeLast()
            opened = nil
        }
        return nil
    }

    // MARK: What is told

    /// Takes what is to be told of since the last time.
    func takeNotes() -> [String] {
        defer { notes = [] }
        return notes
    }

    /// - Parameter topic: of several notes on one the first is kept.
    func note(_ text: String, once topic: String) {
        guard noted.count < Self.maximumNotes, noted.insert(topic).inserted else { return }
        notes.append(text)
    }

    func refuse(_ path: String, _ error: StorageError) {
        if refusal == nil { refusal = "\(error)" }
        note("\(error); it is tried again, and the other files are read", once: "unreadable \(path)")
    }

    /// Puts down where a file stands.
    func keep(_ file: WatchedFile, _ key: Int) {
        files[key] = file
        if file.offset > 0 {
            (offsets[key], offsets[key + 1]) = file.saved
        } else {
            offsets[key] = nil
            offsets[key + 1] = nil
        }
    }

    func forget(_ key: Int) {
        files[key] = nil
        offsets[key] = nil
        offsets[key + 1] = nil
    }

    func beginRefusals() { refusal = nil }

    // MARK: A file

    /// The rows of the next piece of whole lines; `nil` where no more can be had of the file now.
    private func read(_ key: Int) -> Batch? {
        while let file = files[key], file.unreadBytes > 0 {
            do throws(StorageError) {
                let opened = try open(key, file)
                guard let piece = try piece(of: opened.handle, file), !piece.bytes.isEmpty else { return nil }
                if let batch = try rows(of: piece, key, file, opened) { return batch }
                if files[key]?.offset == file.offset { return nil }
            } catch {
                refuse(file.path, error)
                return nil
            }
        }
        return nil
    }

    private func open(_ key: Int, _ file: WatchedFile) throws(StorageError) -> Opened {
        if let opened, opened.key == key { return opened }
        let opened = Opened(key: key, handle: try storage.open(file.path, mode: .read))
        self.opened = opened
        return opened
    }

    /// Bytes from the file's offset on, at most `lineBytes`, and where the last line in them ends.
    private func piece(
        of handle: any StorageFile, _ file: WatchedFile
    ) throws(StorageError) -> (bytes: [UInt8], end: Int?)? {
        var wanted = Self.pieceBytes
        while true {
            let bytes = try handle.read(at: file.offset, count: min(wanted, file.unreadBytes))
            // A shorter file than it was: the next look finds out.
            if bytes.count < min(wanted, file.unreadBytes) { return nil }
            let end = file.isWithinLine ? nil : LineCut.end(bytes, format)
            let isEnough = file.isWithinLine || end != nil || bytes.count >= min(file.unreadBytes, Self.lineBytes)
            if isEnough { return (bytes, end) }
            wanted = min(wanted * 2, Self.lineBytes)
        }
    }

    /// The rows of a piece, of which the file is put behind what was made use of.
    private func rows(
        of piece: (bytes: [UInt8], end: Int?), _ key: Int, _ file: WatchedFile, _ opened: Opened
    ) throws(StorageError) -> Batch? {
        let bytes = piece.bytes
        if file.isWithinLine {
            let end = bytes.firstIndex(of: LineCut.lineFeed).map { $0 + 1 }
            advance(key, over: bytes[..<(end ?? bytes.count)], withinLine: end == nil)
            return nil
        }
        let header = try header(file, opened)
        if header.isEmpty, format == .csv, file.offset > 0 {
            let limit = Self.headerBytes >> 10
            note("\(file.path): the names of its columns take more than \(limit) KiB", once: "header \(file.path)")
            return nil
        }
        if let end = piece.end {
            let (batch, report) = rows(header + bytes[..<end], of: file)
            if let first = report.problems.first { tell(report, file, first, header.count) }
            advance(key, over: bytes[..<end], withinLine: false)
            return batch
        }
        if bytes.count >= Self.lineBytes {
            malformedLines += 1
            note("\(file.path): a line of more than \(Self.lineBytes >> 20) MiB is no row", once: "long \(file.path)")
            advance(key, over: bytes[...], withinLine: true)
            return nil
        }
        return lastLine(bytes, header, key, file)
    }

    /// What stands behind the last line end: a line that is being written, unless it is a row and nothing has come for long.
    private func lastLine(_ bytes: [UInt8], _ header: [UInt8], _ key: Int, _ file: WatchedFile) -> Batch? {
        guard clock.monotonicNanoseconds() / 1_000 - file.changed >= options.lastLine else { return nil }
        let (batch, report) = rows(header + bytes, of: file)
        if let first = report.problems.first {
            guard options.lastLine == 0 else { return nil }
            tell(report, file, first, header.count)
        }
        advance(key, over: bytes[...], withinLine: true)
        return batch
    }

    private func tell(_ report: ReadReport, _ file: WatchedFile, _ first: ReadReport.Problem, _ headerBytes: Int) {
        malformedLines += report.malformedLines
        let place = file.offset + first.offset - headerBytes
        note("\(file.path): what stands at byte \(place) is no row: \(first.reason)", once: "malformed \(file.path)")
    }

    private func advance(_ key: Int, over bytes: ArraySlice<UInt8>, withinLine: Bool) {
        guard var file = files[key] else { return }
        lagBytes -= Int64(min(bytes.count, file.unreadBytes))
        file.advance(over: bytes, withinLine: withinLine)
        keep(file, key)
    }

    /// The line with the names of a CSV file, for pieces behind it.
    private func header(_ file: WatchedFile, _ opened: Opened) throws(StorageError) -> [UInt8] {
        guard format == .csv, file.offset > 0 else { return [] }
        if let header = opened.header { return header }
        let bytes = try opened.handle.read(at: 0, count: Self.headerBytes)
        let header = LineCut.firstEnd(bytes).map { Array(bytes[..<$0]) } ?? []
        self.opened?.header = header
        return header
    }

    private func rows(_ bytes: [UInt8], of file: WatchedFile) -> (Batch?, ReadReport) {
        let (batch, report) =
            switch format {
            case .ndjson: rows(bytes, NDJSONReader(schema: readSchema))
            case .csv: rows(bytes, CSVReader(schema: readSchema))
            case .combined: rows(bytes, CombinedLogReader(schema: readSchema))
            }
        guard let batch, !options.metadata.isEmpty else { return (batch, report) }
        var read = batch.columns.makeIterator()
        let columns = schema.fields.compactMap { field in
            options.metadata[field.name]?.column(of: file, rows: batch.rowCount) ?? read.next()
        }
        return (Batch(schema: schema, rowCount: batch.rowCount, columns: columns), report)
    }

    private func rows<Reader: BatchReader & ~Copyable>(
        _ bytes: [UInt8], _ reader: consuming Reader
    ) -> (Batch?, ReadReport) {
        reader.feed(bytes.span)
        reader.finish()
        var batches: [Batch] = []
        while let batch = reader.nextBatch() { if batch.rowCount > 0 { batches.append(batch) } }
        return (batches.isEmpty ? nil : Batch.concatenate(batches), reader.report)
    }
}

/// What a watched folder holds now, for a query that ends.
final class FolderScan: BatchSource {
    private let source: FolderSource
    private(set) var progress = ScanProgress()

    init(_ source: FolderSource) { self.source = source }

    /// - Throws: `source_failed` also where one of the files can't be read.
    func next() throws(SQLError) -> Batch? {
        var batch = try source.next()
        while batch == nil, source.isLooking { batch = try source.next() }
        if let refusal = source.refusal { throw SQLError(code: .sourceFailed, message: refusal) }
        progress.rows += batch?.rowCount ?? 0
        progress.bytes += batch?.memoryBytes ?? 0
        progress.badRows = source.malformedLines
        return batch
    }
}
