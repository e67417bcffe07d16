// modules: Columns
import Columns

/// The CSV reader and its inference take anything.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let schema = CSVReader.inferSchema(bytes.span)
    var reader = CSVReader(schema: schema)
    let cut = count > 0 ? Int(bytes[0]) % count : 0
    reader.feed(bytes.span.extracting(..<cut))
    reader.feed(bytes.span.extracting(cut...))
    reader.finish()
    var rows = 0
    while let batch = reader.nextBatch() { rows += batch.rowCount }
    precondition(rows == reader.report.rows)
    return 0
}
