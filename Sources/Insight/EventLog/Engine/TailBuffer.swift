import Columns

/// The latest frames of a partition as they were appended, so that readers at the end read no disk. Bounded by bytes;
/// without a hole: it goes from its first offset to the partition's end.
struct TailBuffer: Sendable {
    struct Frame: Sendable {
        let baseOffset: Int64
        let batch: Batch
        let times: ClosedRange<Int64>
        let bytes: Int

        var nextOffset: Int64 { baseOffset + Int64(batch.rowCount) }
    }

    private let limitBytes: Int
    /// `frames[head...]` are kept; those before wait for the next tidying.
    private var frames: [Frame] = []
    private var head = 0
    private var bytes = 0

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    mutating func append(_ frame: Frame) {
        frames.append(frame)
        bytes += frame.bytes
        while bytes > limitBytes, head < frames.count {
            bytes -= frames[head].bytes
            head += 1
        }
        if head > 64, head * 2 > frames.count || head == frames.count {
            frames.removeFirst(head)
            head = 0
        }
    }

    /// The first offset that is here; `nil` when there is none.
    var firstOffset: Int64? { head < frames.count ? frames[head].baseOffset : nil }

    /// The first frame at or after the one with `offset` whose times intersect.
    /// - Returns: `nil` when no frame up to the end does.
    func frame(from offset: Int64, times: Range<Int64>?) -> Frame? {
        var low = head
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].nextOffset > offset { high = middle } else { low = middle + 1 }
        }
        guard let times else { return low < frames.count ? frames[low] : nil }
        while low < frames.count {
            let frame = frames[low]
            if frame.times.lowerBound < times.upperBound, frame.times.upperBound >= times.lowerBound { return frame }
            low += 1
        }
        return nil
    }
}
