import Bytes
import Synchronization

/// A body in immutable segments, filled by one and read by many, from any thread.
///
/// It starts out *kept*: nothing is dropped, readers may come late, and the filler never waits, because its size is
/// bounded. A body that outgrows what may be stored is *let go*: new readers are refused, segments are dropped once
/// all readers have passed them, and the filler waits for the slowest.
///
/// No callback is called or destroyed under the lock: it may own a reader of this very body.
public final class CachedBody: Sendable {
    typealias Wakeup = @Sendable () -> Void

    struct Reader {
        var position: UInt64
        var wakeup: Wakeup?
    }

    struct State {
        var segments: [[UInt8]] = []
        /// Position in the body of each segment's first byte.
        var starts: [UInt64] = []
        var length: UInt64 = 0
        var isComplete = false
        var isAborted = false
        var isKept = true
        var readers: [UInt32: Reader] = [:]
        var nextReader: UInt32 = 0
        var fillerWakeup: Wakeup?
    }

    private let state = Mutex(State())
    /// Length that the origin announced.
    private let announced: UInt64?
    private let windowBytes: UInt64
    /// What there is of the whole, where the body is a part of it.
    let partial: PartialContent?

    /// A body that is complete already.
    convenience init(complete bytes: [UInt8]) { self.init(bytes, partial: nil) }

    /// Parts of a body, with none to come.
    convenience init(partial: PartialContent) { self.init(partial.bytes, partial: partial) }

    private init(_ bytes: [UInt8], partial: PartialContent?) {
        announced = partial?.length ?? UInt64(bytes.count)
        windowBytes = 0
        whole = nil
        self.partial = partial
        state.withLock { state in
            state.segments = [bytes]
            state.starts = [0]
            state.length = UInt64(bytes.count)
            state.isComplete = true
        }
    }

    /// Of the whole body, where this is a piece of it.
    private let whole: SegmentedBody.Life?

    init(announced: UInt64?, windowBytes: Int, whole: SegmentedBody.Life? = nil) {
        self.announced = announced
        self.windowBytes = UInt64(windowBytes)
        self.whole = whole
        partial = nil
    }

    /// A piece of what is no longer stored.
    var isOrphan: Bool { whole?.isOver ?? false }

    /// Adds bytes. `false` asks the filler to wait until `onDrained` is called.
    func append(_ bytes: [UInt8], onDrained: @escaping Wakeup) -> Bool {
        guard !bytes.isEmpty else { return true }
        let (wakeups, goesOn, _) = state.withLock { state -> ([Wakeup], Bool, Wakeup?) in
            state.add(bytes)
            let goesOn = state.isKept || state.lag < windowBytes
            let old = state.fillerWakeup
            state.fillerWakeup = goesOn ? nil : onDrained
            return (state.takeReaderWakeups(), goesOn, old)
        }
        for wakeup in wakeups { wakeup() }
        return goesOn
    }

    func finish() { end { $0.isComplete = true } }

    /// What came is not the whole body: readers must not pretend it is.
    func abort() { end { $0.isAborted = true } }

    private func end(_ change: (inout State) -> Void) {
        let (wakeups, _) = state.withLock { state -> ([Wakeup], Wakeup?) in
            guard !state.isComplete, !state.isAborted else { return ([], nil) }
            change(&state)
            let old = state.fillerWakeup
            state.fillerWakeup = nil
            return (state.takeReaderWakeups(), old)
        }
        for wakeup in wakeups { wakeup() }
    }

    /// The body won't be stored: from now on it is a stream with a bounded window.
    func letGo() {
        state.withLock { state in
            state.isKept = false
            state.dropPassed()
        }
    }

    /// Adds a reader at a position; nil if what it needs is gone.
    func addReader(at position: UInt64) -> UInt32? {
        state.withLock { state in
            guard state.isKept || state.starts.first.map({ $0 <= position }) ?? (state.length == position) else {
                return nil
            }
            let id = state.nextReader
            state.nextReader &+= 1
            // A complete body that is kept needs no book-keeping.
            if !(state.isComplete && state.isKept) { state.readers[id] = Reader(position: position) }
            return id
        }
    }

    func removeReader(_ id: UInt32) {
        let (wakeup, _) = state.withLock { state -> (Wakeup?, Reader?) in
            guard let removed = state.readers.removeValue(forKey: id) else { return (nil, nil) }
            state.dropPassed()
            return (state.takeFillerWakeup(windowBytes), removed)
        }
        wakeup?()
    }

    var readerCount: Int { state.withLock { $0.readers.count } }

    /// The segment at a position, or why there is none.
    func piece(at position: UInt64, reader: UInt32, wakeup: Wakeup?) -> BodyPiece {
        let (piece, drained, _) = state.withLock { state -> (BodyPiece, Wakeup?, Wakeup?) in
            state.readers[reader]?.position = position
            if !state.isKept { state.dropPassed() }
            let drained = state.takeFillerWakeup(windowBytes)
            if let (segment, offset) = state.find(position) {
                return (.data(segment, offset..<segment.count), drained, nil)
            }
            if state.isAborted { return (.aborted, drained, nil) }
            if state.isComplete { return (.end, drained, nil) }
            let old = state.readers[reader]?.wakeup
            state.readers[reader]?.wakeup = wakeup
            return (.wait, drained, old)
        }
        drained?()
        return piece
    }

    /// Nil while it isn't known.
    var knownLength: UInt64? {
        if let announced { return announced }
        return state.withLock { $0.isComplete ? $0.length : nil }
    }

    var filledLength: UInt64 { state.withLock { $0.length } }
    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// The segments, if that is all of it.
    var completeParts: [[UInt8]]? {
        partial == nil ? state.withLock { $0.isComplete && $0.isKept ? $0.segments : nil } : nil
    }

    /// Memory of the segments, the allocator's rounding included.
    var allocatedBytes: Int {
        state.withLock { state in
            state.segments.reduce(320) { $0 + CachedObject.rounded($1.count + 32) + 24 }
        }
    }

    /// All bytes as one array, if complete and small.
    func takeSmall(limit: Int) -> [UInt8]? {
        state.withLock { state in
            guard partial == nil, state.isComplete, state.isKept, state.length <= limit else { return nil }
            var out: [UInt8] = []
            out.reserveCapacity(Int(state.length))
            for segment in state.segments { out.append(contentsOf: segment) }
            return out
        }
    }
}

extension CachedBody.State {
    /// Segments up to this size are joined with their neighbours.
    private static var joinLimit: Int { 128 << 10 }

    /// Adds a segment; small ones are joined like the carries of a binary counter, so that each byte is copied a few
    /// times at most and a body of many small pieces ends in few segments.
    mutating func add(_ bytes: [UInt8]) {
        segments.append(bytes)
        starts.append(length)
        length += UInt64(bytes.count)
        guard isKept else { return }
        while segments.count >= 2 {
            let last = segments[segments.count - 1].count
            let before = segments[segments.count - 2].count
            guard before <= 2 * last, before + last <= CachedBody.State.joinLimit else { return }
            let tail = segments.removeLast()
            starts.removeLast()
            var joined: [UInt8] = []
            joined.reserveCapacity(before + last)
            joined.append(contentsOf: segments[segments.count - 1])
            joined.append(contentsOf: tail)
            segments[segments.count - 1] = joined
        }
    }

    /// How far the filler is ahead of the slowest reader.
    var lag: UInt64 { length - (readers.values.map(\.position).min() ?? length) }

    mutating func dropPassed() {
        guard !isKept else { return }
        let passed = readers.values.map(\.position).min() ?? length
        var count = 0
        while count < segments.count, starts[count] + UInt64(segments[count].count) <= passed { count += 1 }
        guard count > 0 else { return }
        segments.removeFirst(count)
        starts.removeFirst(count)
    }

    func find(_ position: UInt64) -> (segment: [UInt8], offset: Int)? {
        guard position < length, !starts.isEmpty, position >= starts[0] else { return nil }
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle } else { high = middle }
        }
        return (segments[low], Int(position - starts[low]))
    }

    mutating func takeReaderWakeups() -> [CachedBody.Wakeup] {
        var out: [CachedBody.Wakeup] = []
        for id in readers.keys {
            guard let wakeup = readers[id]?.wakeup else { continue }
            readers[id]?.wakeup = nil
            out.append(wakeup)
        }
        return out
    }

    mutating func takeFillerWakeup(_ windowBytes: UInt64) -> CachedBody.Wakeup? {
        guard let wakeup = fillerWakeup, isKept || lag <= windowBytes / 2 else { return nil }
        fillerWakeup = nil
        return wakeup
    }
}
