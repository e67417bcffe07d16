// modules: Columns
import Columns

/// Bytes are a batch or a `CodecError`; a batch that they are can be written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var limits = BatchCodecLimits()
    limits.maximumRows = 4096
    limits.maximumDecodedBytes = 16 << 20
    guard let batch = try? BatchCodec.decode(bytes.span, limits: limits) else { return 0 }
    let written = BatchCodec.encode(batch, compression: .none)
    limits = BatchCodecLimits()
    guard let again = try? BatchCodec.decode(written.span, limits: limits) else { fatalError("not readable again") }
    precondition(again.rowCount == batch.rowCount && again.schema == batch.schema)
    if batch.rowCount > 0 { _ = Batch.concatenate([batch, again]).slice(batch.rowCount - 1..<batch.rowCount + 1) }
    return 0
}
