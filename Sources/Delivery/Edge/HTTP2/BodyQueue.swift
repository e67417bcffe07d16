import Reactor

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
            bytes.withUnsafeBufferPointer { pieces[last].bytes.append(contentsOf: $0) }
            pieces[last].range = pieces[last].range.lowerBound..<pieces[last].bytes.count
            return
        }
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        pieces.append(Piece(bytes: copy, range: 0..<copy.count, isShared: false))
    }

    mutating func append(shared segment: [UInt8], _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        count += range.count
        pieces.append(Piece(bytes: segment, range: range, isShared: true))
    }

    /// Sends from the front.
    /// - Precondition: `size` is at most `count`.
    mutating func send(_ size: Int, on tcp: TCPConnection) {
        var left = size
        count -= size
        while left > 0 {
            let range = pieces[first].range
            let taken = min(left, range.count)
            let part = range.lowerBound..<range.lowerBound + taken
            let bytes = pieces[first].bytes
            if pieces[first].isShared {
                tcp.send(shared: bytes, part)
            } else {
                tcp.send(bytes.span.extracting(part))
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
