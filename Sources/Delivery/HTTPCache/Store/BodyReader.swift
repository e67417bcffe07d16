/// What a reader gets next.
public enum BodyPiece: Sendable {
    /// A run of an immutable segment, to be sent without a copy.
    case data([UInt8], Range<Int>)
    /// Nothing yet; the wake-up given to ``BodyReader/next(wakeup:)`` will be called.
    case wait
    /// A piece of a large body is not in the store: send the run's request to the origin, then ask again.
    case missing(SegmentRun)
    case end
    /// The origin failed half-way: close the client's connection so that it sees a broken body (RFC 9112 §8).
    case aborted
}

/// Reads a stored body, or one that is being filled, from one loop. Dropping it leaves the body.
public final class BodyReader {
    private let object: CachedObject
    private let id: UInt32?
    private var position: UInt64
    private let end: UInt64

    /// Nil if the body's start is no longer there, or a byte of the range is not in a part.
    /// - Parameter range: part of the body to read; nil for all of it.
    public init?(_ object: CachedObject, range: Range<UInt64>? = nil) {
        self.object = object
        guard let body = object.body else {
            self.position = range?.lowerBound ?? 0
            self.end = range?.upperBound ?? .max
            self.id = nil
            return
        }
        if let partial = body.partial {
            guard let range, partial.holds(range), let offset = partial.offset(of: range.lowerBound) else { return nil }
            self.position = offset
            self.end = offset + UInt64(range.count)
        } else {
            self.position = range?.lowerBound ?? 0
            self.end = range?.upperBound ?? .max
        }
        guard let id = body.addReader(at: position) else { return nil }
        self.id = id
    }

    deinit {
        if let id { object.body?.removeReader(id) }
    }

    /// The next run, after which the reader stands behind it.
    /// - Parameter wakeup: called once, on the filler's thread, when there is more; it should hop to the reader's
    ///   loop. Nil asks without registering.
    public func next(wakeup: (@Sendable () -> Void)?) -> BodyPiece {
        guard position < end else { return .end }
        guard let body = object.body, let id else { return nextInline() }
        let piece = body.piece(at: position, reader: id, wakeup: wakeup)
        guard case .data(let segment, let range) = piece else { return piece }
        let count = min(UInt64(range.count), end - position)
        position += count
        return .data(segment, range.lowerBound..<range.lowerBound + Int(count))
    }

    private func nextInline() -> BodyPiece {
        let whole = object.inlineBodyRange
        guard position < UInt64(whole.count) else { return .end }
        let start = whole.lowerBound + Int(position)
        let count = Int(min(UInt64(whole.upperBound - start), end - position))
        position += UInt64(count)
        return .data(object.bytes, start..<start + count)
    }
}
