import Synchronization

/// Reads a body that lies in the store in pieces, from one loop. What is missing it asks its owner to fetch.
public final class SegmentedReader {
    /// How often a piece that breaks off is fetched anew for one reader.
    private static let maximumBreaks = 2

    private let cache: ResponseCache
    private let whole: CachedObject
    private let body: SegmentedBody
    private let id: UInt32
    private var position: UInt64
    private let end: UInt64
    private var reader: BodyReader?
    private var breaks = 0
    private var waiting: (key: CacheKey, ticket: UInt64)?
    private let hasFailed = Flag()

    /// Set by the wake-up of a fetch that failed, on its thread.
    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }

    /// Nil if the object is not one in pieces.
    /// - Parameter range: part of the body to read; nil for all of it.
    public init?(_ cache: ResponseCache, _ object: CachedObject, range: Range<UInt64>? = nil) {
        guard let body = object.segments else { return nil }
        self.cache = cache
        self.whole = object
        self.body = body
        self.position = range?.lowerBound ?? 0
        self.end = min(body.length, range?.upperBound ?? .max)
        self.id = body.addReader(at: position / body.segmentBytes)
    }

    deinit {
        leave()
        body.removeReader(id)
    }

    /// The next run of bytes, after which the reader stands behind it.
    /// - Parameter wakeup: called once, on some thread, when there is more; it should hop to the reader's loop. Nil asks
    ///   without registering.
    public func next(wakeup: (@Sendable () -> Void)?) -> BodyPiece {
        while position < end {
            if hasFailed.isSet { return .aborted }
            if let reader {
                switch reader.next(wakeup: wakeup) {
                case .data(let bytes, let range):
                    position += UInt64(range.count)
                    return .data(bytes, range)
                case .wait: return .wait
                case .missing(let run): return .missing(run)
                case .end: self.reader = nil
                case .aborted:
                    self.reader = nil
                    breaks += 1
                    if breaks > SegmentedReader.maximumBreaks { return .aborted }
                }
            }
            guard position < end else { break }
            if let answer = enter(wakeup) { return answer }
        }
        return .end
    }

    /// Finds the piece at the reader's position. Nil where it is there.
    private func enter(_ wakeup: (@Sendable () -> Void)?) -> BodyPiece? {
        leave()
        let segment = position / body.segmentBytes
        body.move(id, to: segment)
        let flag = hasFailed
        var waits: (() -> CollapseWakeup)?
        if let wakeup {
            waits = {
                { outcome in
                    if case .failed = outcome { flag.set() }
                    wakeup()
                }
            }
        }
        let limit = (end - 1) / body.segmentBytes + 1
        let piece = cache.piece(of: whole, body, segment, limit: limit, wakeup: waits)
        switch piece {
        case .ready(let object):
            let range = body.range(segment)
            reader = BodyReader(
                object, range: position - range.lowerBound..<min(end, range.upperBound) - range.lowerBound)
            if reader == nil {
                // It passed through without being kept, and its beginning is gone.
                breaks += 1
                if breaks > SegmentedReader.maximumBreaks { return .aborted }
            }
            return nil
        case .wait(let ticket), .load(let ticket):
            if wakeup != nil { waiting = (body.key(whole.keyBytes, segment), ticket) }
            return .wait
        case .missing(let run): return .missing(run)
        case .gone: return .aborted
        }
    }

    private func leave() {
        guard let waiting else { return }
        self.waiting = nil
        cache.leave(key: waiting.key, ticket: waiting.ticket)
    }
}

extension ResponseCache {
    /// Whether the first piece of a body is at hand, so that its head may be sent.
    public enum FirstPiece: Sendable {
        case ready
        /// Another request fetches it; the wake-up will be called. ``leave(key:ticket:)`` gives up.
        case wait(key: CacheKey, ticket: UInt64)
        /// It is being read from disk; the same.
        case load(key: CacheKey, ticket: UInt64)
        case missing(SegmentRun)
        /// The origin has another version by now: look up again.
        case gone
    }

    /// Looks for the piece with the first byte of an answer from an object in pieces.
    public func firstPiece(
        of object: CachedObject, _ range: Range<UInt64>, wakeup: @escaping () -> CollapseWakeup
    ) -> FirstPiece {
        guard let body = object.segments, !range.isEmpty, range.upperBound <= body.length else { return .ready }
        let segment = range.lowerBound / body.segmentBytes
        let limit = (range.upperBound - 1) / body.segmentBytes + 1
        switch piece(of: object, body, segment, limit: limit, wakeup: wakeup) {
        case .ready: return .ready
        case .wait(let ticket): return .wait(key: body.key(object.keyBytes, segment), ticket: ticket)
        case .load(let ticket): return .load(key: body.key(object.keyBytes, segment), ticket: ticket)
        case .missing(let run): return .missing(run)
        case .gone: return .gone
        }
    }
}
