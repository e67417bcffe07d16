import Bytes

/// A response's body on its way into DATA frames: copies of small pieces, references to large shared ones.
struct BodyQueue {
    private struct Piece {
        var bytes: [UInt8]
        var range: Range<Int>
        /// Never changed again, so it can be queued further without a copy.
        var isShared: Bool
    }

    private var pieces: [Piece] = []
    private var first = 0
    private(set) var count = 0

    mutating func append(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        count += bytes.count
        if let last = pieces.indices.last, last >= first, !pieces[last].isShared {
            pieces[last].bytes.append(contentsOf: bytes)
            pieces[last].range = pieces[last].range.lowerBound..<pieces[last].bytes.count
            return
        }
        let copy = [UInt8](bytes)
        pieces.append(Piece(bytes: copy, range: 0..<copy.count, isShared: false))
    }

    mutating func append(shared segment: [UInt8], _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        count += range.count
        pieces.append(Piece(bytes: segment, range: range, isShared: true))
    }

    mutating func removeAll() {
        count = 0
        first = 0
        if !pieces.isEmpty { pieces.removeAll(keepingCapacity: true) }
    }

    /// Sends from the front.
    /// - Precondition: `size` is at most `count`.
    mutating func send(_ size: Int, on connection: HTTP2Connection) {
        var left = size
        count -= size
        while left > 0 {
            let range = pieces[first].range
            let taken = min(left, range.count)
            let part = range.lowerBound..<range.lowerBound + taken
            let bytes = pieces[first].bytes
            if pieces[first].isShared {
                connection.send(shared: bytes, part)
            } else {
                connection.send(bytes.span.extracting(part))
            }
            left -= taken
            if taken == range.count {
                pieces[first].bytes = []
                first += 1
            } else {
                pieces[first].range = part.upperBound..<range.upperBound
            }
        }
        if first == pieces.count {
            pieces.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 64 {
            pieces.removeSubrange(0..<first)
            first = 0
        }
    }
}
