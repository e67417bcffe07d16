/// Where the frames of one segment lie, sparsely: an entry for about each 64 KB. Made from the frames and rebuilt from
/// them at need; it is never a truth of its own.
struct SegmentIndex: Equatable {
    /// A run of frames.
    struct Block: Equatable {
        var firstOffset: Int64
        /// Of the first frame's header, in the file.
        var position: Int
        var minimumTime: Int64
        var maximumTime: Int64

        func intersects(_ times: Range<Int64>) -> Bool {
            minimumTime < times.upperBound && maximumTime >= times.lowerBound
        }
    }

    /// Frames are gathered in a block until it is this long.
    static let blockBytes = 64 << 10

    let baseOffset: Int64
    /// After the last frame.
    var nextOffset: Int64
    /// Bytes of the file that hold the frames indexed.
    var bytes = 0
    var frames = 0
    var firstArrival = Int64.max
    var lastArrival = Int64.min
    var blocks: [Block] = []

    init(baseOffset: Int64) {
        self.baseOffset = baseOffset
        self.nextOffset = baseOffset
    }

    var eventTimes: ClosedRange<Int64>? {
        var least = Int64.max
        var most = Int64.min
        for block in blocks {
            least = min(least, block.minimumTime)
            most = max(most, block.maximumTime)
        }
        return least <= most ? least...most : nil
    }

    mutating func add(_ header: FrameHeader, at position: Int) {
        if let last = blocks.indices.last, position - blocks[last].position < SegmentIndex.blockBytes {
            blocks[last].minimumTime = min(blocks[last].minimumTime, header.minimumTime)
            blocks[last].maximumTime = max(blocks[last].maximumTime, header.maximumTime)
        } else {
            blocks.append(
                Block(
                    firstOffset: header.baseOffset, position: position, minimumTime: header.minimumTime,
                    maximumTime: header.maximumTime))
        }
        nextOffset = header.nextOffset
        bytes = position + header.frameLength
        frames += 1
        firstArrival = min(firstArrival, header.arrivalTime)
        lastArrival = max(lastArrival, header.arrivalTime)
    }

    /// A run of bytes to read: the blocks from the one with `offset` on whose times intersect, as far as they touch.
    struct Run: Equatable {
        var positions: Range<Int>
        /// The offset after the run; where it starts beyond `offset`, what is between is out of the time range.
        var nextOffset: Int64
    }

    /// - Returns: `nil` when nothing from `offset` on is in the time range.
    func run(from offset: Int64, times: Range<Int64>?) -> Run? {
        guard offset < nextOffset, !blocks.isEmpty else { return nil }
        var first = max(0, partition { $0.firstOffset > offset } - 1)
        if let times {
            while first < blocks.count, !blocks[first].intersects(times) { first += 1 }
            guard first < blocks.count else { return nil }
            var last = first
            while last + 1 < blocks.count, blocks[last + 1].intersects(times) { last += 1 }
            if last + 1 < blocks.count {
                let after = blocks[last + 1]
                return Run(positions: blocks[first].position..<after.position, nextOffset: after.firstOffset)
            }
        }
        return Run(positions: blocks[first].position..<bytes, nextOffset: nextOffset)
    }

    /// The first block for which `isAfter` holds; blocks are ordered so that it stays true.
    private func partition(_ isAfter: (Block) -> Bool) -> Int {
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(blocks[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
