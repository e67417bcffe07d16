/// Settings of the cache's tier on disk.
public struct DiskSettings: Sendable, Equatable {
    /// A folder of its own, which one process at a time may use.
    public var path: String
    /// All files of the tier but the journal of purges.
    public var maximumBytes: Int
    /// Objects that wait to be written, beside ``CacheSettings/memoryBytes``; what finds no room is not written.
    public var queueBytes: Int
    /// Threads that read.
    public var readers: Int
    /// Objects of this size are written when they leave memory even if nobody asked for them a second time.
    public var largeBytes: Int
    /// Purges that are remembered one by one; beyond it everything on disk is purged.
    public var maximumPurges: Int

    public init(
        path: String, maximumBytes: Int = 10 << 30, queueBytes: Int = 16 << 20, readers: Int = 4,
        largeBytes: Int = 64 << 10, maximumPurges: Int = 100_000
    ) {
        self.path = path
        self.maximumBytes = maximumBytes
        self.queueBytes = queueBytes
        self.readers = max(1, readers)
        self.largeBytes = largeBytes
        self.maximumPurges = maximumPurges
    }

    /// Smallest ``maximumBytes``.
    public static let minimumBytes = 16 << 20

    /// Size of a file: a 64th of all, from 4 MiB to 1 GiB.
    var volumeBytes: Int { min(1 << 30, max(4 << 20, maximumBytes / 64)) }
    var maximumVolumes: Int { max(3, maximumBytes / volumeBytes) }
    /// Longest record.
    var maximumRecordBytes: Int { volumeBytes / 2 }
}
