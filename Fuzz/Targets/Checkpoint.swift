// modules: Streams
import Bytes

@testable import Streams

/// A job's checkpoint of any bytes, with the checksum that it needs to be believed: it is refused, or it can be written again
/// and means the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var bytes = Array("SQCK".utf8) + [2 + UInt8(count & 1)] + Array(UnsafeBufferPointer(start: start, count: count))
    let checksum = CRC32C.checksum(bytes.span)
    for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
    guard let checkpoint = try? Checkpoint(decoding: bytes.span) else { return 0 }
    let written = checkpoint.encoded()
    guard let again = try? Checkpoint(decoding: written.span) else { fatalError("not readable again") }
    precondition(again.sequence == checkpoint.sequence && again.epoch == checkpoint.epoch)
    precondition(again.inputs.map(\.key) == checkpoint.inputs.map(\.key) && again.counts == checkpoint.counts)
    precondition(again.states.map(\.key) == checkpoint.states.map(\.key))
    precondition(again.outputs.map(\.firstOffset) == checkpoint.outputs.map(\.firstOffset))
    precondition(again.encoded() == written, "it is written in another way")
    return 0
}
