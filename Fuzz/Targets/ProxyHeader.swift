// modules: Reactor
import Reactor

/// Headers of the PROXY protocol: never a crash, a header is as long as it says, and every shorter start is incomplete.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard case .complete(_, let length) = ProxyHeader.parse(bytes) else { return 0 }
    precondition(length > 0 && length <= bytes.count, "a header longer than what came")
    for end in stride(from: 0, to: length, by: max(1, length / 16)) {
        precondition(ProxyHeader.parse(Array(bytes[..<end])) == .incomplete, "a part is taken for the whole")
    }
    return 0
}
