// modules: HTTPCache,HTTPWire
import HTTPWire

@testable import HTTPCache

/// Parts of one representation as an origin sends them: triples of a start, a count and a byte. What is kept is what an array
/// of the whole would hold, in ranges that neither overlap nor touch, within the limits; and a gap that is told is missing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    // Some are so long that sums of places pass what there is.
    let base = first & 1 == 0 ? 0 : UInt64.max - 512
    let length = base + 200
    var known: PartialContent?
    var model: [UInt64: UInt8] = [:]
    for step in stride(from: 1, to: input.count - 2, by: 3) {
        let place = base + UInt64(input[step])
        let bytes = Array(repeating: input[step + 2], count: Int(input[step + 1] & 63))
        guard let part = PartialContent(bytes, at: place, length: length) else {
            precondition(bytes.isEmpty || place + UInt64(bytes.count) > length, "a part is refused")
            continue
        }
        let before = known
        known = known?.adding(part, maximumRanges: 4, maximumBytes: 120) ?? part
        if before != nil, known == part { model = [:] }
        for (offset, byte) in bytes.enumerated() { model[place + UInt64(offset)] = byte }
        check(known, model, base: base, length: length)
    }
    return 0
}

private func check(_ known: PartialContent?, _ model: [UInt64: UInt8], base: UInt64, length: UInt64) {
    guard let known else { return }
    precondition(known.ranges.count <= 4 && known.bytes.count <= 120, "more than allowed")
    precondition(known.bytes.count == known.ranges.reduce(0) { $0 + $1.count }, "ranges and bytes differ")
    for (left, right) in zip(known.ranges, known.ranges.dropFirst()) {
        precondition(left.upperBound < right.lowerBound, "ranges touch")
    }
    for place in base..<length {
        let byte = known.offset(of: place).map { known.bytes[Int($0)] }
        precondition(byte == model[place], "another byte at \(place)")
        precondition(known.holds(place..<place + 1) == (byte != nil))
    }
    precondition(known.isWhole == (base == 0 && model.count == Int(length)))
    guard let gap = known.gap else { return }
    precondition(!gap.isEmpty && gap.upperBound <= length && !known.isWhole, "a gap that is none")
    precondition(known.offset(of: gap.lowerBound) == nil && known.offset(of: gap.upperBound - 1) == nil)
    guard base == 0 else { return }
    let (before, behind) = known.bytes(around: gap)
    precondition(before.count + behind.count == known.bytes.count && before.count == Int(gap.lowerBound))
}
