// modules: Streams
import Columns

@testable import Streams

/// What a table of the network answers: documents as lines, one each, which stay as they are when they are read again; or
/// nothing. Lines that hold what no JSON is are told as that.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let lines = JSONDocuments.lines(of: bytes) else { return 0 }
    precondition(lines.count <= bytes.count * 2, "more than was answered")
    precondition(JSONDocuments.lines(of: lines) == lines, "documents are others when they are read again")
    var reader = NDJSONReader(
        schema: Schema([Field("k", .int64), Field("s", .string), Field("j", .json), Field("t", .timestamp)]))
    reader.feed(lines.span)
    reader.finish()
    var rows = 0
    while let batch = reader.nextBatch() { rows += batch.rowCount }
    // An answer with a line that can't be read is refused as a whole.
    guard reader.report.malformedLines == 0 else { return 0 }
    precondition(rows == lines.count { $0 == 0x0A }, "a document is lost")
    return 0
}
