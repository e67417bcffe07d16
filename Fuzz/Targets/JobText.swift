// modules: Streams
import Streams

/// Any text has a header, or what is wrong with it; and any text is a schedule, or what is wrong with it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    _ = ClusterService.isCluster(text)
    let quoted = text.replacing("'", with: "''")
    // What says something of itself is a cluster, and so is what says it wrongly.
    precondition(ClusterService.isCluster("SET 'job.cron' = '\(quoted)'; SELECT 1"))
    return 0
}
