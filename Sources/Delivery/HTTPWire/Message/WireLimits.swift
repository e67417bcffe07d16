/// Bounds of what the parsers accept. All sizes in bytes.
public struct WireLimits: Sendable, Equatable {
    /// Longest request line or status line, without its line end. Beyond it a request is answered 414.
    public var startLineBytes: Int
    /// Longest field line (name, colon, value), at most 65,535. Beyond it a request is answered 431.
    public var fieldLineBytes: Int
    /// Largest head, start line and line ends included. Beyond it 431.
    public var headBytes: Int
    /// Most field lines of a head or of trailers. Beyond it 431.
    public var fieldCount: Int
    /// Longest chunk-size line with its extensions.
    public var chunkLineBytes: Int
    /// Most bytes of chunk extensions in one body; more is an attack (RFC 9112 §7.1.1).
    public var chunkExtensionBytes: Int
    /// Largest trailer section.
    public var trailerBytes: Int

    public init(
        startLineBytes: Int = 8 << 10, fieldLineBytes: Int = 16 << 10, headBytes: Int = 64 << 10,
        fieldCount: Int = 100, chunkLineBytes: Int = 1 << 10, chunkExtensionBytes: Int = 16 << 10,
        trailerBytes: Int = 8 << 10
    ) {
        self.startLineBytes = startLineBytes
        self.fieldLineBytes = min(fieldLineBytes, 65_535)
        self.headBytes = headBytes
        self.fieldCount = fieldCount
        self.chunkLineBytes = chunkLineBytes
        self.chunkExtensionBytes = chunkExtensionBytes
        self.trailerBytes = trailerBytes
    }

    /// What clients may send.
    public static let client = WireLimits()
    /// What origins may send: more fields (cookies, policies).
    public static let origin = WireLimits(fieldLineBytes: 32 << 10, headBytes: 128 << 10, fieldCount: 256)
}
