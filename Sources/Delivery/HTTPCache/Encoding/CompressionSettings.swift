public import Codings

/// Which responses clients get compressed.
public struct CompressionSettings: Sendable, Equatable {
    /// How hard to compress; clamped to a coding's levels.
    public struct Levels: Sendable, Equatable {
        public var gzip: Int
        public var brotli: Int
        public var zstd: Int

        public init(gzip: Int, brotli: Int, zstd: Int) {
            self.gzip = gzip
            self.brotli = brotli
            self.zstd = zstd
        }

        public func level(_ coding: ContentCoding) -> Int {
            switch coding {
            case .gzip: gzip
            case .brotli: brotli
            case .zstd: zstd
            }
        }
    }

    /// In the order in which they are preferred; empty compresses nothing.
    public var codings: [ContentCoding]
    /// Smaller bodies stay as they are.
    public var minimumBytes: Int
    /// Larger ones too.
    public var maximumBytes: Int
    /// Of stored forms, which are made once and sent often.
    public var storedLevels = Levels(gzip: 6, brotli: 5, zstd: 6)
    /// Of what passes and of assembled pages.
    public var passedLevels = Levels(gzip: 4, brotli: 4, zstd: 3)
    /// Whether responses that are not stored are compressed too.
    public var encodesPassed = true
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
