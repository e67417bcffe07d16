// modules: HTTPWire
import HTTPWire

/// Vary and entity tags, the lists that a response is chosen by: never a crash; names once each, in lower case and not
/// more than allowed; order and letter case of the lines don't matter; a tag matches the list that holds it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let lines = bytes.split(separator: 0x0A).map { Array($0) }
    let list = vary(lines)
    precondition(list.names.count <= 16 && Set(list.names).count == list.names.count, "a name twice")
    for name in list.names {
        precondition(!name.isEmpty && name.allSatisfy { $0 &- 0x41 >= 26 }, "not in lower case")
    }
    let upper = vary(lines.map { line in line.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 } })
    precondition(upper == list, "letter case changes the meaning")
    if !list.matchesNothing {
        let reversed = vary(lines.reversed())
        precondition(Set(reversed.names) == Set(list.names), "the order of lines changes the meaning")
    }
    precondition(vary(lines + [[0x2A]]).matchesNothing, "a star is lost")

    var block = HeaderBlock()
    for line in lines { block.append(Array("If-None-Match".utf8).span, line.span) }
    for line in lines where !line.contains(0x2C) && !line.contains(0x22) {
        let tag = line.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed()
        guard !tag.isEmpty else { continue }
        let name = Array(tag)
        precondition(EntityTag.matches(block, .ifNoneMatch, tag: name.span, isStrong: false), "a tag is not found")
    }
    return 0
}

private func vary(_ lines: [[UInt8]]) -> VaryList {
    var block = HeaderBlock()
    for line in lines { block.append(Array("Vary".utf8).span, line.span) }
    return VaryList(block)
}
