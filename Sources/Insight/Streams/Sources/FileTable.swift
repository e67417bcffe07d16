import Columns
import Runtime
import SQL
import Synchronization

/// A file that is a table. Its columns are declared, or found by a look at its start.
final class FileTable: Sendable {
    let path: String
    let format: TableDefinition.FileFormat
    let schema: Schema
    private let isInteractive: Bool
    /// Of standard input: what was read to find the columns, until the one scan takes it.
    private let pipe: Mutex<Pipe>

    private struct Pipe {
        var file: SequentialFile?
        var head: [UInt8] = []
        var isTaken = false
    }

    /// - Parameters:
    ///   - declared: the columns, where they are known.
    ///   - isLive: rows of a pipe are wanted as they come.
    init(path: String, format: TableDefinition.FileFormat, declared: Schema?, isLive: Bool) throws(SQLError) {
        self.path = path
        self.format = format
        self.isInteractive = isLive && Self.isPipe(path)
        let file = try Self.open(path)
        var head: [UInt8] = []
        if let declared {
            schema = declared
        } else {
            head = try Self.readSample(of: file, isInteractive: isInteractive)
            schema = Self.inferSchema(format, head)
        }
        pipe = Mutex(Self.isPipe(path) ? Pipe(file: file, head: head) : Pipe())
    }

    static func isPipe(_ path: String) -> Bool { path == "-" || path.hasPrefix("/dev/") }

    /// Begins a scan of some of the columns.
    func open(columns: Schema) throws(SQLError) -> any BatchSource {
        guard Self.isPipe(path) else {
            return makeSource(file: try Self.open(path), head: [], columns: columns, isInteractive: false)
        }
        let taken = pipe.withLock { pipe -> (file: SequentialFile, head: [UInt8])? in
            guard !pipe.isTaken, let file = pipe.file else { return nil }
            pipe.isTaken = true
            return (file, pipe.head)
        }
        guard let taken else {
            throw SQLError(
                code: .unsupported, message: "\(path) can be read once, and the query reads it more often",
                suggestion: "save it to a file first")
        }
        return makeSource(file: taken.file, head: taken.head, columns: columns, isInteractive: isInteractive)
    }

    static func open(_ path: String) throws(SQLError) -> SequentialFile {
        do throws(StorageError) {
            return try SequentialFile(path: path)
        } catch {
            throw SQLError(code: .sourceFailed, message: "\(error)")
        }
    }
}
