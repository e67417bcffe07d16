public import Columns

/// How a topic is kept. Every value has a default.
public struct TopicSettings: Sendable, Equatable {
    /// 1 to 256. Can grow, never shrink.
    public var partitions: Int = 1
    public var durability: Durability = .interval
    public var compression: Compression = .lz4
    /// A segment is closed when it holds this many bytes; 64 KB to 4 GB.
    public var segmentBytes: Int = 128 << 20
    /// A segment is closed when its first frame is this old.
    public var segmentSeconds: Int = 86_400
    /// The oldest segments go when a partition holds more bytes; `nil` keeps all.
    public var retentionBytes: Int? = 4 << 30
    /// A segment goes when its youngest event is this old; `nil` keeps all.
    public var retentionSeconds: Int? = 7 * 86_400

    public init() {}

    func validate(topic: String) throws(LogError) {
        func check(_ isValid: Bool, _ what: String) throws(LogError) {
            if !isValid { throw LogError(.invalidSetting, what, at: topic) }
        }
        try check((1...256).contains(partitions), "partitions must be 1 to 256, not \(partitions)")
        try check(
            (64 << 10...4 << 30).contains(segmentBytes), "a segment has 64 KB to 4 GB, not \(segmentBytes) bytes")
        try check(segmentSeconds > 0, "the age of a segment must be positive")
        try check(retentionBytes.map { $0 > 0 } ?? true, "the bytes to keep must be positive")
        try check(retentionSeconds.map { $0 > 0 } ?? true, "the time to keep must be positive")
    }
}
