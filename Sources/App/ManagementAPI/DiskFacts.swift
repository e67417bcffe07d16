public import HTTPCache

/// The cache's tier on disk as the API shows it.
public struct DiskFacts: Sendable, Encodable {
    let objects: Int
    let bytes: Int
    let limit_bytes: Int
    let reads: Int
    let writes: Int
    let dropped: Int
    let corrupt: Int
    let busy: Int
    let failures: Int
    let paused: Bool
    let purges: Int

    public init(_ counters: DiskTier.Counters) {
        objects = counters.objects
        bytes = counters.bytes
        limit_bytes = counters.maximumBytes
        reads = counters.reads
        writes = counters.writes
        dropped = counters.dropped
        corrupt = counters.corrupt
        busy = counters.busy
        failures = counters.failures
        paused = counters.isPaused
        purges = counters.purges
    }

    func write(to metrics: inout PrometheusText) {
        metrics.single("squilla_cache_disk_objects", .gauge, "Objects on disk.", objects)
        metrics.single("squilla_cache_disk_bytes", .gauge, "Bytes of the cache's files.", bytes)
        metrics.single("squilla_cache_disk_limit_bytes", .gauge, "What they may take.", limit_bytes)
        metrics.single("squilla_cache_disk_reads_total", .counter, "Objects read from disk.", reads)
        metrics.single("squilla_cache_disk_writes_total", .counter, "Objects written to disk.", writes)
        metrics.single(
            "squilla_cache_disk_dropped_total", .counter, "Objects that found no room in the queue of the writer.",
            dropped)
        metrics.single(
            "squilla_cache_disk_corrupt_total", .counter, "Objects whose checksum was wrong; they were not served.",
            corrupt)
        metrics.single(
            "squilla_cache_disk_busy_total", .counter, "Look-ups that found all readers busy and went to the origin.",
            busy)
        metrics.single("squilla_cache_disk_failures_total", .counter, "Failures of the storage.", failures)
        metrics.single(
            "squilla_cache_disk_paused", .gauge, "1 while nothing is written because the storage failed.",
            paused ? 1 : 0)
        metrics.single("squilla_cache_disk_purges", .gauge, "Purges that are remembered.", purges)
    }
}
