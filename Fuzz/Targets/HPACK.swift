// modules: HTTPWire
import CNGHTTP2

@testable import HTTPWire

/// Header blocks, two of them, for a decoder's tables last: it takes what nghttp2 takes, and makes the same of it; and
/// what our encoder writes, nghttp2 reads.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let split = input.first else { return 0 }
    let rest = input.dropFirst()
    let first = Array(rest.prefix(Int(split)))
    var inflater: OpaquePointer?
    precondition(nghttp2_hd_inflate_new(&inflater) == 0)
    defer { nghttp2_hd_inflate_del(inflater) }
    var decoder = HPACKDecoder()
    for block in [first, Array(rest.dropFirst(first.count))] {
        guard decode(block, &decoder, inflater) else { break }
    }
    encode(input)
    return 0
}

private func decode(_ block: [UInt8], _ decoder: inout HPACKDecoder, _ inflater: OpaquePointer?) -> Bool {
    var builder = HTTP2RequestBuilder(limits: WireLimits(headBytes: 1 << 20, fieldCount: 10_000))
    builder.start(isTrailers: false)
    let isRead = decoder.decode(block.span, into: &builder)
    let fields = inflate(inflater, block)
    precondition(isRead == (fields != nil), "one of two reads it")
    guard let fields, !builder.isMalformed, builder.error == nil else { return isRead }
    let head = builder.head
    let regular = fields.filter { $0.name.first != 0x3A }
    precondition(head.block.fields.count == regular.count, "fields are missing")
    for (ours, theirs) in zip(head.block.fields, regular) {
        precondition(Array(head.block.bytes[ours.name.range]) == theirs.name, "another name")
        precondition(Array(head.block.bytes[ours.value.range]) == theirs.value, "another value")
        precondition(ours.id == KnownHeader(name: theirs.name.span), "another header")
    }
    for field in fields where field.name == Array(":path".utf8) {
        precondition(Array(head.block.bytes[head.target.range]) == field.value, "another path")
    }
    return true
}

private func inflate(_ inflater: OpaquePointer?, _ block: [UInt8]) -> [(name: [UInt8], value: [UInt8])]? {
    var fields: [(name: [UInt8], value: [UInt8])] = []
    var position = 0
    while true {
        var field = nghttp2_nv()
        var flags: Int32 = 0
        let count = block.withUnsafeBufferPointer {
            nghttp2_hd_inflate_hd2(
                inflater, &field, &flags, $0.baseAddress.map { $0 + position }, block.count - position, 1)
        }
        guard count >= 0 else { return nil }
        position += count
        if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
            fields.append(
                (
                    Array(UnsafeBufferPointer(start: field.name, count: field.namelen)),
                    Array(UnsafeBufferPointer(start: field.value, count: field.valuelen))
                ))
        }
        if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 { break }
    }
    nghttp2_hd_inflate_end_headers(inflater)
    return fields
}

/// Names and values are cut out of the input.
private func encode(_ input: [UInt8]) {
    var writer = HeadWriter()
    writer.statusLine(200)
    var expected: [(name: [UInt8], value: [UInt8])] = [(Array(":status".utf8), Array("200".utf8))]
    var rest = input[...]
    while rest.count > 2 {
        let name = rest.dropFirst(2).prefix(Int(rest[rest.startIndex] & 31) + 1).filter(ByteClass.isToken)
        rest = rest.dropFirst(2 + name.count)
        let value = rest.prefix(Int(rest.first ?? 0)).filter(ByteClass.isFieldContent)
        rest = rest.dropFirst(value.count + 1)
        guard !name.isEmpty else { continue }
        writer.field(name.span, value.span)
        let lower = name.map(\.asciiLowercased)
        if HPACKNames.shared.index(name.span, 0, name.count) != HPACKNames.ofConnection {
            expected.append((lower, value))
        }
    }
    writer.endHead()
    var block: [UInt8] = []
    HPACKEncoder().append(response: writer.bytes.span, tableSize: nil, to: &block)
    var inflater: OpaquePointer?
    precondition(nghttp2_hd_inflate_new(&inflater) == 0)
    defer { nghttp2_hd_inflate_del(inflater) }
    guard let fields = inflate(inflater, Array(block.dropFirst(9))) else { preconditionFailure("nobody reads it") }
    precondition(fields.count == expected.count, "fields are missing")
    for (ours, theirs) in zip(expected, fields) {
        precondition(ours.name == theirs.name && ours.value == theirs.value, "another field")
    }
}
