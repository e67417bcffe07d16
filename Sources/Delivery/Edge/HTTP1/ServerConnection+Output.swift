import HTTPWire
import Reactor

/// Writing a response. Together with `ServerConnection`'s body flow this is all that an exchange knows of the wire,
/// so that another version can take its place.
extension ServerConnection {
    /// Writes a head straight into the output buffer; returns its length.
    @inline(__always)
    func writeHead(_ build: (inout HeadWriter) -> Void) -> Int {
        var length = 0
        tcp.send { buffer in
            var writer = HeadWriter(capacity: 0)
            let start = buffer.count
            swap(&writer.bytes, &buffer)
            build(&writer)
            length = writer.bytes.count - start
            swap(&writer.bytes, &buffer)
        }
        return length
    }

    /// Writes a piece of a body; returns the bytes it takes on the wire.
    func writeBody(_ bytes: Span<UInt8>, isChunked: Bool) -> Int {
        let before = tcp.queuedBytes
        if isChunked {
            tcp.send { ChunkedWriter.appendHead(size: bytes.count, to: &$0) }
            tcp.send(bytes)
            tcp.send { $0.append(contentsOf: ChunkedWriter.lineEnd) }
        } else {
            tcp.send(bytes)
        }
        return tcp.queuedBytes - before
    }

    /// Writes a range of a segment that never changes, without copying it.
    func writeBody(shared segment: [UInt8], _ range: Range<Int>, isChunked: Bool) -> Int {
        let before = tcp.queuedBytes
        if isChunked {
            tcp.send { ChunkedWriter.appendHead(size: range.count, to: &$0) }
            tcp.send(shared: segment, range)
            tcp.send { $0.append(contentsOf: ChunkedWriter.lineEnd) }
        } else {
            tcp.send(shared: segment, range)
        }
        return tcp.queuedBytes - before
    }

    func writeEnd(trailers: HeaderBlock) -> Int {
        let before = tcp.queuedBytes
        tcp.send { buffer in
            if trailers.fields.isEmpty {
                buffer.append(contentsOf: ChunkedWriter.end)
            } else {
                ChunkedWriter.appendEnd(trailers: trailers, to: &buffer)
            }
        }
        return tcp.queuedBytes - before
    }
}
