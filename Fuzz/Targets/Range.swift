// modules: HTTPWire
import HTTPWire

/// Range and Content-Range: never a crash; what is selected lies inside the representation, does not overlap, is not
/// empty and not more than allowed; what we would say of a part reads back as this part.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    for length: UInt64 in [0, 1, 10, 1 << 20, .max] {
        for limit in [1, 8] {
            guard case .parts(let parts) = ByteRanges.select(bytes.span, length: length, maximumCount: limit) else {
                continue
            }
            precondition(!parts.isEmpty && parts.count <= limit, "more parts than allowed")
            let sorted = parts.sorted { $0.lowerBound < $1.lowerBound }
            for (index, part) in sorted.enumerated() {
                precondition(!part.isEmpty && part.upperBound <= length, "outside of the representation")
                if index > 0 { precondition(part.lowerBound >= sorted[index - 1].upperBound, "parts overlap") }
                check(part, length)
            }
        }
    }
    if let (range, length) = ByteRanges.contentRange(bytes.span) {
        precondition(!range.isEmpty && range.upperBound <= length ?? .max, "a part beyond its whole")
    }
    return 0
}

private func check(_ part: Range<UInt64>, _ length: UInt64) {
    // Numbers of more digits are refused.
    guard length < 1_000_000_000_000_000_000 else { return }
    let text = Array("bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)".utf8)
    let read = ByteRanges.contentRange(text.span)
    precondition(read?.range == part && read?.length == length, "our own Content-Range is another")
}
