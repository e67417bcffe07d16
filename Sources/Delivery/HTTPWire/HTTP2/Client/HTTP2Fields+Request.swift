import Bytes
import CNGHTTP2

extension HTTP2Fields {
    /// - Parameter head: written by `HeadWriter`: a request line, then lines of `name: value CRLF`.
    static func withFields(
        ofRequest head: Span<UInt8>, isSecure: Bool, takesTrailers: Bool,
        _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Int32
    ) -> Int32 {
        head.withUnsafeBufferPointer { bytes in
            let span = bytes.span
            guard let method = span.firstIndex(of: 0x20, from: 0),
                let target = span.firstIndex(of: 0x20, from: method + 1)
            else { return -1 }
            var lines = 5
            for byte in bytes where byte == 0x0A { lines += 1 }
            return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lines) { fields in
                fields[0] = pseudo(":method", UnsafeBufferPointer(rebasing: bytes[..<method]))
                fields[1] = pseudo(":path", UnsafeBufferPointer(rebasing: bytes[(method + 1)..<target]))
                fields[2] = pseudo(":scheme", text(isSecure ? "https" : "http"))
                let start = span.lineAfter(target)
                var first = 3
                if let host = host(bytes, from: start) {
                    fields[3] = pseudo(":authority", host)
                    first = 4
                }
                var count = fill(fields, from: first, bytes, at: start, leavesOut: isOfHTTP1)
                if takesTrailers {
                    fields[count] = field(text("te"), text("trailers"))
                    count += 1
                }
                return body(UnsafeBufferPointer(rebasing: fields[..<count]))
            }
        }
    }

    private static func pseudo(_ name: StaticString, _ value: UnsafeBufferPointer<UInt8>) -> nghttp2_nv {
        field(text(name), value)
    }

    /// Memory of the program itself.
    private static func text(_ text: StaticString) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    private static func host(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> UnsafeBufferPointer<UInt8>? {
        let span = bytes.span
        var line = start
        while line < span.count, span[line] != 0x0D {
            let next = span.lineAfter(line)
            if next - line >= 6, span.extracting(line..<line + 5).equalsIgnoringCase("host:") {
                return UnsafeBufferPointer(rebasing: bytes[line + 6..<max(line + 6, next - 2)])
            }
            line = next
        }
        return nil
    }

    /// Fields that HTTP/2 says otherwise or has no place for.
    private static func isOfHTTP1(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 2: name.equalsIgnoringCase("te")
        case 4: name.equalsIgnoringCase("host")
        case 14: name.equalsIgnoringCase("http2-settings")
        default: isOfConnection(name)
        }
    }
}
