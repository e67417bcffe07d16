/// A message that breaks the protocol or a limit. The connection it came on can't be used any further.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case malformedStartLine = "malformed_start_line"
        case malformedField = "malformed_field"
        case malformedFraming = "malformed_framing"
        case malformedHost = "malformed_host"
        case malformedChunk = "malformed_chunk"
        case unsupportedVersion = "unsupported_version"
        case unsupportedMethod = "unsupported_method"
        case unsupportedCoding = "unsupported_coding"
        case unsupportedExpectation = "unsupported_expectation"
        case targetTooLong = "target_too_long"
        case headTooLarge = "head_too_large"
        case truncated = "truncated"
    }

    public let code: Code
    /// What is wrong, in one line.
    public let message: String
    /// Answer to send when a client broke the rule. For an origin's fault the edge answers 502 instead.
    public let status: Int

    public init(_ code: Code, status: Int = 400, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
