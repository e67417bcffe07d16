import Bytes
import Synchronization

/// A large body whose pieces lie in the store under keys of their own, so that each is fetched, collapsed and evicted
/// by itself. The pieces of one body are of one version of it: another version is another body with another number.
final class SegmentedBody: Sendable {
    /// Outlives the body, for its pieces to find out that nothing refers to them any more.
    final class Life: Sendable {
        private let flag = Atomic<Bool>(false)
        var isOver: Bool { flag.load(ordering: .relaxed) }
        func end() { flag.store(true, ordering: .relaxed) }
    }

    /// A run under way that waits for its readers.
    fileprivate struct Paused {
        let segment: UInt64
        let wakeup: @Sendable () -> Void
    }

    fileprivate struct State {
        /// The piece that each reader is at.
        var readers: [UInt32: UInt64] = [:]
        var nextReader: UInt32 = 0
        var paused: [Paused] = []
    }

    /// Memory of this object, its life and its list, allocator included.
    static let cost = 224
    /// Complete pieces that a run may be ahead of its readers.
    static let runAhead: UInt64 = 2
    /// Longest run of pieces that one request asks for.
    static let maximumRun: UInt64 = 64

    /// Part of the pieces' keys; random.
    let id: UInt64
    /// Bytes of the whole.
    let length: UInt64
    /// Of each piece but the last.
    let segmentBytes: UInt64
    let life = Life()
    private let state = Mutex(State())

    init(id: UInt64, length: UInt64, segmentBytes: Int) {
        self.id = id
        self.length = length
        self.segmentBytes = UInt64(segmentBytes)
    }

    deinit { life.end() }

    var count: UInt64 { (length + segmentBytes - 1) / segmentBytes }

    /// Where a piece lies in the body.
    func range(_ segment: UInt64) -> Range<UInt64> {
        let start = segment * segmentBytes
        return start..<min(length, start + segmentBytes)
    }

    /// The key of a piece: that of the whole, and what no URL contains.
    func key(_ whole: ArraySlice<UInt8>, _ segment: UInt64) -> CacheKey {
        CacheKey(whole, suffix: id, segment)
    }

    /// The origin has another version now; what is missing of this one can't be had any more.
    var isChanged: Bool { life.isOver }

    func change() { life.end() }

    // MARK: Readers and runs

    func addReader(at segment: UInt64) -> UInt32 {
        state.withLock { state in
            state.nextReader &+= 1
            state.readers[state.nextReader] = segment
            return state.nextReader
        }
    }

    func removeReader(_ reader: UInt32) {
        let paused = state.withLock { state -> [Paused] in
            state.readers[reader] = nil
            return state.readers.isEmpty ? state.takePaused { _ in true } : []
        }
        for run in paused { run.wakeup() }
    }

    /// A reader begins with a piece: runs that are not too far ahead of it go on.
    func move(_ reader: UInt32, to segment: UInt64) {
        let woken = state.withLock { state -> [Paused] in
            state.readers[reader] = segment
            return state.takePaused { SegmentedBody.isNear($0, to: segment) }
        }
        for run in woken { run.wakeup() }
    }

    enum Demand {
        case goOn
        /// The wake-up will be called.
        case pause
        /// Nobody reads.
        case none
    }

    /// Asked by a run at the beginning of a piece.
    func demand(at segment: UInt64, wakeup: @escaping @Sendable () -> Void) -> Demand {
        state.withLock { state in
            if state.readers.isEmpty { return .none }
            if state.readers.values.contains(where: { SegmentedBody.isNear(segment, to: $0) }) { return .goOn }
            state.paused.append(Paused(segment: segment, wakeup: wakeup))
            return .pause
        }
    }

    private static func isNear(_ run: UInt64, to reader: UInt64) -> Bool {
        run >= reader && run <= reader + runAhead
    }
}

extension SegmentedBody.State {
    fileprivate mutating func takePaused(where isMeant: (UInt64) -> Bool) -> [SegmentedBody.Paused] {
        guard !paused.isEmpty else { return [] }
        let taken = paused.filter { isMeant($0.segment) }
        if !taken.isEmpty { paused.removeAll { isMeant($0.segment) } }
        return taken
    }
}

extension CacheKey {
    /// A key that no request has: a URL contains no zero byte.
    init(_ whole: ArraySlice<UInt8>, suffix id: UInt64, _ number: UInt64) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(whole.count + 17)
        bytes.append(contentsOf: whole)
        bytes.append(0)
        for word in [id, number] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
        }
        self.init(stored: bytes)
    }
}
