/// Why a pattern can't be compiled, or a match was given up.
public struct PatternError: Error, Equatable {
    public enum Kind: Sendable {
        /// Longer than ``Pattern/maximumLength``.
        case tooLong
        /// PCRE2 does not understand it.
        case malformed
        /// A match cost more than it may.
        case tooCostly
        /// Anything else that PCRE2 reports.
        case failed
    }

    public var kind: Kind
    public var message: String
    /// Bytes before the fault in a malformed pattern.
    public var offset: Int

    init(_ kind: Kind, _ message: String, offset: Int = 0) {
        self.kind = kind
        self.message = message
        self.offset = offset
    }
}
