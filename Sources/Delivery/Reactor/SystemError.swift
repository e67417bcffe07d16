import Glibc

/// A system call that failed.
public struct SystemError: Error, Sendable, Equatable {
    /// The errno value.
    public let code: Int32
    /// The call or what it was for, e.g. `listen on 127.0.0.1:80`.
    public let operation: String

    public init(code: Int32, operation: String) {
        self.code = code
        self.operation = operation
    }
}

extension SystemError: CustomStringConvertible {
    public var description: String { "\(operation): \(String(cString: strerror(code)))" }
}
