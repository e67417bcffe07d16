import Bytes
import CNGHTTP2

/// Turns a head as HTTP/1.1 writes it into the fields that nghttp2 takes. It makes the names lower-case itself.
enum HTTP2Fields {
    /// Adds the field lines that begin at `start`; returns how many fields there are then.
    static func fill(
        _ fields: UnsafeMutableBufferPointer<nghttp2_nv>, from first: Int, _ bytes: UnsafeBufferPointer<UInt8>,
        at start: Int, leavesOut: (Span<UInt8>) -> Bool
    ) -> Int {
        let span = bytes.span
        var count = first
        var line = start
        while line < span.count, span[line] != 0x0D {
            let next = span.lineAfter(line)
            guard let colon = span.firstIndex(of: 0x3A, from: line), colon < next else { break }
            let name = UnsafeBufferPointer(rebasing: bytes[line..<colon])
            if !leavesOut(name.span) {
                fields[count] = field(name, UnsafeBufferPointer(rebasing: bytes[colon + 2..<max(colon + 2, next - 2)]))
                count += 1
            }
            line = next
        }
        return count
    }

    /// Fields that HTTP/2 has no place for (RFC 9113, 8.2.2).
    static func isOfConnection(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 7: name.equalsIgnoringCase("upgrade")
        case 10: name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive")
        case 16: name.equalsIgnoringCase("proxy-connection")
        case 17: name.equalsIgnoringCase("transfer-encoding")
        default: false
        }
    }

    /// Trailer fields that may be passed on: nothing that the edge or a cache acts on (RFC 9110, 6.5.1).
    static func withFields(ofTrailers trailers: HeaderBlock, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Void) {
        trailers.bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, trailers.fields.count)) { fields in
                var count = 0
                for each in trailers.fields where each.id == .other {
                    fields[count] = field(
                        UnsafeBufferPointer(rebasing: bytes[each.name.range]),
                        UnsafeBufferPointer(rebasing: bytes[each.value.range]))
                    count += 1
                }
                body(UnsafeBufferPointer(rebasing: fields[..<count]))
            }
        }
    }

    /// nghttp2 copies both before it returns; it only declares them as mutable.
    static func field(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.baseAddress),
            value: UnsafeMutablePointer(mutating: value.baseAddress), namelen: name.count, valuelen: value.count,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
    }
}

extension Span where Element == UInt8 {
    /// Where the line after the one at `start` begins.
    func lineAfter(_ start: Int) -> Int { (firstIndex(of: 0x0A, from: start) ?? count - 1) + 1 }
}
