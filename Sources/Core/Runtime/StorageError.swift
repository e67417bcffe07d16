/// Why a storage call failed, in the terms callers decide by.
public struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case notFound
        case alreadyExists
        case permissionDenied
        /// The file system is mounted read-only.
        case readOnly
        /// No space, or a quota is used up.
        case noSpace
        /// Another process holds the folder; its process id where the lock file says it.
        case locked(holder: Int?)
        /// The device failed (EIO), or the call failed for a cause not listed here.
        case inputOutput
        /// Too many open files.
        case tooManyOpenFiles
    }

    public let code: Code
    /// The system call or the step, e.g. `fdatasync`.
    public let operation: String
    public let path: String
    /// The system's words for the cause.
    public let cause: String

    public init(code: Code, operation: String, path: String, cause: String) {
        self.code = code
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    public var description: String {
        if case .locked(let holder) = code {
            let by = holder.map { "process \($0)" } ?? "another process"
            return "\(path) is in use by \(by)"
        }
        return "\(operation) \(path): \(cause)"
    }
}
