// modules: Columns
import Columns

private let schema = Schema([
    Field("b", .bool), Field("i", .int64), Field("f", .float64), Field("t", .timestamp), Field("s", .string),
    Field("a.ip", .ip), Field("a.b.c", .json), Field("a", .string), Field("_unfit", .json),
])

/// The JSON reader takes anything, in any split, and what it writes it can read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var options = NDJSONOptions()
    options.batchRows = 16
    options.collectsUnknown = count & 1 == 0
    var reader = NDJSONReader(schema: schema, options: options)
    let cut = count > 0 ? Int(bytes[0]) % count : 0
    reader.feed(bytes.span.extracting(..<cut))
    reader.feed(bytes.span.extracting(cut...))
    reader.finish()
    var rows = 0
    var writer = JSONWriter(names: schema.fields.map(\.name))
    while let batch = reader.nextBatch() {
        rows += batch.rowCount
        writer.append(batch, prefix: "", suffix: "\n")
    }
    precondition(rows == reader.report.rows)
    let written = writer.take()
    var second = NDJSONReader(schema: schema, options: options)
    second.feed(written.span)
    second.finish()
    precondition(second.report.rows == rows && second.report.malformedLines == 0, "what was written is not JSON")
    _ = SchemaInference.ndjson(bytes.span)
    return 0
}
