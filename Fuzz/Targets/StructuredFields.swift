// modules: HTTPWire
import HTTPWire

/// A structured dictionary: never a crash, keys once each and well formed, two lines mean what one means, and nothing
/// that an error follows is taken.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    // Of an empty line it is not said whether it adds an empty member, which is an error.
    let lines = bytes.split(separator: 0x0A).map { Array($0) }.filter { line in line.contains { $0 > 0x20 } }
    let whole = members(of: [Array(lines.joined(separator: Array(", ".utf8)))])
    if lines.count > 1 { precondition(same(whole, members(of: lines)), "two lines mean another thing than one") }
    guard let whole else { return 0 }
    for (index, member) in whole.enumerated() {
        precondition(!member.key.isEmpty && member.key.allSatisfy(isKey), "a malformed key")
        precondition(!whole[..<index].contains { $0.key == member.key }, "a key twice")
        if case .integer(let number) = member.value { precondition(abs(number) < 1_000_000_000_000_000) }
        if case .string(let text) = member.value { precondition(text.allSatisfy { $0 >= 0x20 && $0 < 0x7F }) }
    }
    let line = Array(lines.joined(separator: Array(", ".utf8)))
    if !whole.isEmpty {
        precondition(members(of: [line + [0x2C]]) == nil, "a comma at the end is taken")
        precondition(members(of: [line + Array(" , A".utf8)]) == nil, "an error is passed over")
        precondition(same(whole, members(of: [[0x20] + line + [0x20]])), "blanks around change the meaning")
    }
    return 0
}

private func isKey(_ byte: UInt8) -> Bool {
    byte &- 0x61 < 26 || byte &- 0x30 < 10 || [0x5F, 0x2D, 0x2E, 0x2A].contains(byte)
}

private typealias Members = [(key: [UInt8], value: StructuredDictionary.Value)]

private func members(of lines: [[UInt8]]) -> Members? {
    var block = HeaderBlock()
    for line in lines { block.append(Array("CDN-Cache-Control".utf8).span, line.span) }
    return StructuredDictionary(block, .cdnCacheControl)?.members
}

private func same(_ left: Members?, _ right: Members?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return left.count == right.count && zip(left, right).allSatisfy { $0.key == $1.key && $0.value == $1.value }
}
