/// A content coding of HTTP (RFC 9110 §8.4.1, RFC 7932, RFC 8878).
public enum ContentCoding: UInt8, Sendable, CaseIterable {
    case gzip
    case brotli
    case zstd

    /// As `Content-Encoding` and `Accept-Encoding` have it.
    public var token: String {
        switch self {
        case .gzip: "gzip"
        case .brotli: "br"
        case .zstd: "zstd"
        }
    }

    /// Levels that make sense while clients wait, fastest first.
    public var levels: ClosedRange<Int> {
        switch self {
        case .gzip: 1...9
        case .brotli: 0...11
        case .zstd: 1...19
        }
    }
}

/// A coder that can't be had, or input that is none of its kind.
public struct CodingError: Error, Sendable, Equatable {
    public let message: String

    init(_ message: String) { self.message = message }
}
