public import Codings

/// Which stored responses clients get compressed.
public struct CompressionSettings: Sendable, Equatable {
    /// In the order in which they are preferred; empty compresses nothing.
    public var codings: [ContentCoding]
    /// Smaller bodies stay as they are.
    public var minimumBytes: Int
    /// Larger ones too.
    public var maximumBytes: Int
    /// Media types in lower case; a star at the end stands for anything.
    public var types: [String] { didSet { typeBytes = types.map { Array($0.utf8) } } }
    private(set) var typeBytes: [[UInt8]]

    public init(
        codings: [ContentCoding] = [.brotli, .zstd, .gzip], minimumBytes: Int = 512, maximumBytes: Int = 16 << 20,
        types: [String] = CompressionSettings.usualTypes
    ) {
        self.codings = codings
        self.minimumBytes = minimumBytes
        self.maximumBytes = maximumBytes
        self.types = types
        self.typeBytes = types.map { Array($0.utf8) }
    }

    public static let usualTypes = [
        "text/*", "application/json", "application/javascript", "application/xml", "application/rss+xml",
        "application/atom+xml", "application/ld+json", "application/manifest+json", "application/wasm",
        "application/vnd.ms-fontobject", "application/x-javascript", "font/ttf", "font/otf", "image/svg+xml",
        "image/x-icon", "image/bmp",
    ]
}
