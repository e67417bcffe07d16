import Columns
import Runtime

/// What readers see of a partition: its segments, their indexes, the end, and the latest frames in memory.
/// The log's thread publishes here; waiting readers are woken by it.
final class PartitionView: Sendable {
    struct Segment: Sendable {
        let file: SegmentFile
        var index: SegmentIndex
    }

    private struct State: Sendable {
        var segments: [Segment]
        var tail: TailBuffer
        var nextOffset: Int64
        var isClosed = false
    }

    /// Where a reader goes on.
    enum Step: Sendable {
        case tail(TailBuffer.Frame)
        /// Read frames of `file` at these positions, then go on at `nextOffset`.
        case disk(file: SegmentFile, positions: Range<Int>, nextOffset: Int64)
        /// Nothing more in the time range up to this offset, which is the partition's end.
        case end(Int64)
    }

    let topic: String
    let number: Int
    private let state: Monitor<State>

    init(topic: String, number: Int, segments: [Segment], tailBytes: Int) {
        self.topic = topic
        self.number = number
        let end = segments.last?.index.nextOffset ?? 0
        self.state = Monitor(State(segments: segments, tail: TailBuffer(limitBytes: tailBytes), nextOffset: end))
    }

    var nextOffset: Int64 { state.withLock { $0.nextOffset } }
    var firstOffset: Int64 { state.withLock { $0.segments.first?.index.baseOffset ?? $0.nextOffset } }
    var segments: [Segment] { state.withLock { $0.segments } }

    var info: PartitionInfo {
        state.withLock { state in
            let times = state.segments.compactMap(\.index.eventTimes)
            let least = times.map(\.lowerBound).min()
            let most = times.map(\.upperBound).max()
            var eventTimes: ClosedRange<Int64>?
            if let least, let most { eventTimes = least...most }
            return PartitionInfo(
                partition: number, firstOffset: state.segments.first?.index.baseOffset ?? state.nextOffset,
                nextOffset: state.nextOffset, bytes: state.segments.reduce(0) { $0 + $1.index.bytes },
                segments: state.segments.count, eventTimes: eventTimes)
        }
    }

    /// Where to read the first events at or after `offset` whose frames intersect `times`.
    func step(from offset: Int64, times: Range<Int64>?) -> Step {
        state.withLock { state in
            guard offset < state.nextOffset else { return .end(state.nextOffset) }
            if let first = state.tail.firstOffset, offset >= first {
                return state.tail.frame(from: offset, times: times).map { .tail($0) } ?? .end(state.nextOffset)
            }
            for segment in state.segments where segment.index.nextOffset > offset {
                if let run = segment.index.run(from: offset, times: times) {
                    return .disk(file: segment.file, positions: run.positions, nextOffset: run.nextOffset)
                }
            }
            return .end(state.nextOffset)
        }
    }

    /// Waits until there is an event at `offset` or the log is closed.
    /// - Returns: Whether there is one.
    func wait(for offset: Int64, timeoutNanoseconds: Int64?) -> Bool {
        let ready = state.wait(timeoutNanoseconds: timeoutNanoseconds) { state -> Bool? in
            if state.nextOffset > offset { return true }
            return state.isClosed ? false : nil
        }
        return ready ?? false
    }

    // MARK: For the log's thread

    func publish(_ frames: [(header: FrameHeader, position: Int, batch: Batch)]) {
        state.update { state in
            guard let last = state.segments.indices.last else { return }
            for frame in frames {
                state.segments[last].index.add(frame.header, at: frame.position)
                state.tail.append(
                    TailBuffer.Frame(
                        baseOffset: frame.header.baseOffset, batch: frame.batch, times: frame.header.times,
                        bytes: frame.batch.memoryBytes))
            }
            state.nextOffset = state.segments[last].index.nextOffset
        }
    }

    func append(_ segment: Segment) {
        state.withLock { $0.segments.append(segment) }
    }

    func removeFirstSegment() {
        state.withLock { _ = $0.segments.removeFirst() }
    }

    /// Puts a segment in the place of the one with the same first offset.
    func replace(_ segment: Segment) {
        state.withLock { state in
            let base = segment.index.baseOffset
            guard let at = state.segments.firstIndex(where: { $0.index.baseOffset == base }) else { return }
            state.segments[at] = segment
        }
    }

    func close() {
        state.update { $0.isClosed = true }
    }
}
