/// Encoded bytes that are no batch. The bytes are at fault; reading them again does not help.
public struct CodecError: Error, Hashable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The bytes end before what they announce.
        case truncated
        /// A value that no encoder writes.
        case malformed
        /// Written by a newer version.
        case unsupportedVersion
        /// More rows, columns or memory than `BatchCodecLimits` allow.
        case limitExceeded
    }

    public var code: Code
    public var message: String
    /// The column in which it happened, if it was known by then.
    public var column: String?

    public init(_ code: Code, _ message: String, column: String? = nil) {
        self.code = code
        self.message = message
        self.column = column
    }

    public var description: String {
        column.map { "column \($0): \(message)" } ?? message
    }
}
