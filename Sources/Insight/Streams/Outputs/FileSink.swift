import Columns
import Runtime
import SQL

/// Rows in files of a folder, each row once, whatever happens in between.
///
///     JOB-INCARNATION-FIRST-LAST.ndjson      closed: the rows of the epochs FIRST to LAST
///     .JOB-INCARNATION-FIRST.ndjson.part     open: from epoch FIRST on; others leave it alone
///
/// An open file is synced before an epoch counts as written. A run that goes on cuts it to the size that its checkpoint
/// knows; a closed file whose LAST is the checkpoint's epoch tells that its rows are there.
struct FileSink: SinkWriter {
    private struct OpenFile {
        let file: any StorageFile
        let path: String
        let incarnation: Int64
        let first: Int64
        /// The last epoch that is in it as a whole.
        var last: Int64
        var size: Int
        /// Wall time of the first row, microseconds.
        let since: Int64
    }

    private let options: FileSinkOptions
    private let fields: [PlanField]
    private let prefix: String
    private let storage: any Storage
    private let clock: any Clock
    private var open: OpenFile?
    private var isFolderReady = false

    init(_ options: FileSinkOptions, _ fields: [PlanField], _ context: SinkContext) {
        self.options = options
        self.fields = fields
        self.storage = context.storage
        self.clock = context.clock
        self.prefix = context.statement == 0 ? context.job : "\(context.job).\(context.statement + 1)"
    }

    var position: Int64 { Int64(open?.size ?? 0) }

    mutating func write(_ batches: [Batch], _ epoch: SinkEpoch) throws(SinkRefusal) {
        // A part that another way of the job has left behind ends with the epoch that was missing.
        if let open, open.incarnation != epoch.incarnation || isFull(open) { try close() }
        let rows = options.encoding.encode(batches, fields)
        guard !rows.isEmpty else { return }
        do throws(StorageError) {
            if open == nil { try begin(epoch) }
            guard var part = open else { return }
            let bytes = part.size == 0 ? options.encoding.header(fields) + rows : rows
            do throws(StorageError) {
                try part.file.write(bytes.span, at: part.size)
                try part.file.sync()
            } catch {
                // What was written of it must not be there when it is written again.
                try? part.file.truncate(to: part.size)
                throw error
            }
            part.size += bytes.count
            part.last = epoch.epoch
            open = part
        } catch {
            throw SinkRefusal(error)
        }
    }

    mutating func tick() throws(SinkRefusal) {
        if let open, clock.now() - open.since >= options.maximumAge { try close() }
    }

    mutating func finish() throws(SinkRefusal) { try close() }

    private func isFull(_ part: OpenFile) -> Bool {
        part.size >= options.maximumBytes || clock.now() - part.since >= options.maximumAge
    }

    // MARK: Files

    private mutating func begin(_ epoch: SinkEpoch) throws(StorageError) {
        try prepareFolder()
        let path = partPath(epoch.incarnation, epoch.epoch)
        let file = try storage.open(path, mode: .replace)
        try storage.syncFolder(options.folder)
        open = OpenFile(
            file: file, path: path, incarnation: epoch.incarnation, first: epoch.epoch, last: epoch.epoch - 1,
            size: 0, since: clock.now())
    }

    private mutating func prepareFolder() throws(StorageError) {
        guard !isFolderReady else { return }
        try storage.createFolder(options.folder)
        isFolderReady = true
    }

    /// Gives the open file its name, or removes it where it holds nothing.
    private mutating func close() throws(SinkRefusal) {
        guard let part = open else { return }
        do throws(StorageError) {
            if part.size == 0 {
                try storage.remove(part.path)
            } else {
                try storage.rename(part.path, to: path(part.incarnation, part.first, part.last))
            }
            try storage.syncFolder(options.folder)
        } catch {
            throw SinkRefusal(error)
        }
        open = nil
    }

    private func path(_ incarnation: Int64, _ first: Int64, _ last: Int64) -> String {
        StoragePath.join(
            options.folder, "\(prefix)-\(incarnation)-\(first)-\(last).\(options.encoding.fileExtension)")
    }

    private func partPath(_ incarnation: Int64, _ first: Int64) -> String {
        StoragePath.join(options.folder, ".\(prefix)-\(incarnation)-\(first).\(options.encoding.fileExtension).part")
    }

    // MARK: Going on

    mutating func resume(_ epoch: SinkEpoch, position: Int64) throws(SinkRefusal) -> Bool {
        open = nil
        do throws(StorageError) {
            try prepareFolder()
            let names = try storage.list(options.folder)
            let isThere = names.contains { (closedEpochs($0, epoch.incarnation)?.upperBound ?? .min) >= epoch.epoch }
            for name in names {
                guard let first = openEpoch(name, epoch.incarnation) else { continue }
                if isThere || first > epoch.epoch {
                    // From the way that the job had gone beyond its savepoint.
                    try storage.remove(StoragePath.join(options.folder, name))
                } else {
                    try take(name, first: first, epoch, position: position)
                }
            }
            return isThere
        } catch {
            throw SinkRefusal(error)
        }
    }

    /// Cuts an open file to what it held before the epoch.
    private mutating func take(
        _ name: String, first: Int64, _ epoch: SinkEpoch, position: Int64
    ) throws(StorageError) {
        let path = StoragePath.join(options.folder, name)
        let file = try storage.open(path, mode: .readWrite)
        let wanted = first == epoch.epoch ? 0 : Int(position)
        let size = try file.size()
        guard size >= wanted else {
            throw StorageError(
                code: .inputOutput, operation: "resume", path: path,
                cause: "it has \(size) bytes, and the job had written \(wanted): something else has changed it")
        }
        try file.truncate(to: wanted)
        try file.sync()
        open = OpenFile(
            file: file, path: path, incarnation: epoch.incarnation, first: first, last: epoch.epoch - 1, size: wanted,
            since: clock.now())
    }

    /// The epochs of a closed file of this sink.
    private func closedEpochs(_ name: String, _ incarnation: Int64) -> ClosedRange<Int64>? {
        let head = "\(prefix)-\(incarnation)-"
        let tail = ".\(options.encoding.fileExtension)"
        guard name.hasPrefix(head), name.hasSuffix(tail), name.count > head.count + tail.count else { return nil }
        let numbers = name.dropFirst(head.count).dropLast(tail.count).split(separator: "-").map { Int64($0) }
        guard numbers.count == 2, let first = numbers[0], let last = numbers[1], first <= last else { return nil }
        return first...last
    }

    private func openEpoch(_ name: String, _ incarnation: Int64) -> Int64? {
        let head = ".\(prefix)-\(incarnation)-"
        let tail = ".\(options.encoding.fileExtension).part"
        guard name.hasPrefix(head), name.hasSuffix(tail), name.count > head.count + tail.count else { return nil }
        return Int64(name.dropFirst(head.count).dropLast(tail.count))
    }
}
