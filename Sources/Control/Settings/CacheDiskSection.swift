/// The cache's tier on disk, for large and cold objects.
public struct CacheDiskSection: Hashable, Sendable {
    /// A folder of its own; nil for no tier.
    public var path: String?
    /// All of its files together.
    public var maxBytes = 10 << 30
    /// Objects that wait to be written, beside `cache.memory_bytes`.
    public var queueBytes = 16 << 20
    /// Threads that read.
    public var readers = 4
    /// Objects of this size are written though nobody asked for them a second time.
    public var largeBytes = 64 << 10
    /// Purges that are remembered one by one.
    public var maxPurges = 100_000

    public init() {}

    init(reading section: YAMLSection) {
        path = section.optionalString("path")
        if path == "" { section.report("path", "expected the name of a folder") }
        maxBytes = section.bytes("max_bytes", default: maxBytes, in: 16 << 20...1 << 50)
        queueBytes = section.bytes("queue_bytes", default: queueBytes, in: 1 << 20...1 << 36)
        readers = section.integer("readers", default: readers, in: 1...256)
        largeBytes = section.bytes("large_bytes", default: largeBytes, in: 0...1 << 40)
        maxPurges = section.integer("max_purges", default: maxPurges, in: 1...100_000_000)
        section.finish()
    }
}
