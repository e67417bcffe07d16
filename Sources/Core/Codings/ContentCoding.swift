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

    /// The coding of that name in any case, also under its old name `x-gzip` (RFC 9110 §8.4.1.3).
    public init?(token: Span<UInt8>) {
        for coding in ContentCoding.allCases where ContentCoding.isEqual(token, coding.token) {
            self = coding
            return
        }
        guard ContentCoding.isEqual(token, "x-gzip") else { return nil }
        self = .gzip
    }

    private static func isEqual(_ token: Span<UInt8>, _ name: String) -> Bool {
        guard token.count == name.utf8.count else { return false }
        var index = 0
        for byte in name.utf8 {
            let other = token[index]
            guard other == byte || other | 0x20 == byte && byte &- 0x61 < 26 else { return false }
            index += 1
        }
        return true
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
    /// The input may be well-formed, but what it stands for is larger than was allowed.
    public let isLimit: Bool

    init(_ message: String, isLimit: Bool = false) {
        self.message = message
        self.isLimit = isLimit
    }
}
