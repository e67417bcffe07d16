import Runtime

/// What went wrong in the log, where, whose fault it is and whether trying again can help.
public struct LogError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The queue is full; try again later.
        case overloaded
        case unknownTopic
        case unknownPartition
        case unknownColumn
        case invalidName
        case invalidSetting
        /// The batch has a column that the topic lacks, or of a type that the topic's cannot hold.
        case schemaMismatch
        /// One batch is larger than a frame may be.
        case tooLarge
        /// No space is left where the log lies.
        case storageFull
        /// The device or the file system failed.
        case storageFailed
        case permissionDenied
        /// The file system, or this opening of the log, is read-only.
        case readOnly
        /// Another process holds the folder.
        case locked
        /// The folder has files, but not a log's.
        case foreignFolder
        /// The log was written by a newer version.
        case unsupportedVersion
        /// Stored bytes are not what was written.
        case corrupt
        case closed
    }

    public enum Fault: String, Sendable {
        /// The one who called must change something.
        case caller
        /// The operator must: space, permissions, another process.
        case operation
        /// The device or file system.
        case device
    }

    public let code: Code
    public let what: String
    /// A topic, a file or a folder.
    public let `where`: String
    public let fault: Fault
    /// Whether the same call can succeed later without a change.
    public let retryable: Bool

    public init(_ code: Code, _ what: String, at place: String) {
        self.code = code
        self.what = what
        self.where = place
        (self.fault, self.retryable) =
            switch code {
            case .overloaded: (.operation, true)
            case .unknownTopic, .unknownPartition, .unknownColumn, .invalidName, .invalidSetting, .schemaMismatch,
                .tooLarge:
                (.caller, false)
            case .storageFull: (.operation, true)
            case .storageFailed: (.device, true)
            case .permissionDenied, .readOnly, .locked, .foreignFolder, .unsupportedVersion: (.operation, false)
            case .corrupt: (.device, false)
            case .closed: (.operation, false)
            }
    }

    init(_ error: StorageError) {
        let code: Code =
            switch error.code {
            case .noSpace: .storageFull
            case .permissionDenied: .permissionDenied
            case .readOnly: .readOnly
            case .locked: .locked
            case .notFound, .alreadyExists, .inputOutput, .tooManyOpenFiles: .storageFailed
            }
        // Without the path, which stands in `where`.
        let what =
            if case .locked(let holder) = error.code {
                "in use by \(holder.map { "process \($0)" } ?? "another process")"
            } else {
                "\(error.operation): \(error.cause)"
            }
        self.init(code, what, at: error.path)
    }

    public var description: String { "\(what) (\(code.rawValue), \(self.where))" }
}

/// Runs storage calls and gives their errors the log's form.
func storing<Result>(_ body: () throws(StorageError) -> Result) throws(LogError) -> Result {
    do throws(StorageError) {
        return try body()
    } catch {
        throw LogError(error)
    }
}
