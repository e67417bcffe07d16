// modules: Columns
import Columns

/// The access log reader takes anything.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var reader = CombinedLogReader()
    let cut = count > 0 ? Int(bytes[0]) % count : 0
    reader.feed(bytes.span.extracting(..<cut))
    reader.feed(bytes.span.extracting(cut...))
    reader.finish()
    var rows = 0
    while let batch = reader.nextBatch() { rows += batch.rowCount }
    precondition(rows == reader.report.rows)
    return 0
}
