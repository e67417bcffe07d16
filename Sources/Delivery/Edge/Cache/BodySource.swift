import HTTPCache
import HTTPWire

/// A stored body on its way to one client: whole, a range, or several ranges with what stands between them.
final class BodySource {
    private let object: CachedObject
    private var reader: BodyReader?
    private var segments: SegmentedReader?
    private let cache: ResponseCache?
    private let multipart: MultipartRanges?
    private var part = 0
    private var wroteHead = false

    init(_ object: CachedObject, reader: BodyReader?) {
        self.object = object
        self.reader = reader
        multipart = nil
        cache = nil
    }

    init(_ object: CachedObject, segments: SegmentedReader?) {
        self.object = object
        self.segments = segments
        multipart = nil
        cache = nil
    }

    /// - Parameter cache: where the pieces are of an object in pieces.
    init(_ object: CachedObject, multipart: MultipartRanges, _ cache: ResponseCache? = nil) {
        self.object = object
        self.multipart = multipart
        self.cache = cache
    }

    private func read(_ wakeup: (@Sendable () -> Void)?) -> BodyPiece {
        if let segments { return segments.next(wakeup: wakeup) }
        return reader?.next(wakeup: wakeup) ?? .aborted
    }

    private func open(_ range: Range<UInt64>) {
        if let cache {
            segments = SegmentedReader(cache, object, range: range)
        } else {
            reader = BodyReader(object, range: range)
        }
    }

    func next(wakeup: (@Sendable () -> Void)?) -> BodyPiece {
        guard let multipart else { return read(wakeup) }
        while part < multipart.parts.count {
            if !wroteHead {
                wroteHead = true
                open(multipart.parts[part])
                let head = multipart.partHeads[part]
                return .data(head, 0..<head.count)
            }
            let piece = read(wakeup)
            guard case .end = piece else { return piece }
            part += 1
            wroteHead = false
        }
        guard part == multipart.parts.count else { return .end }
        part += 1
        return .data(multipart.end, 0..<multipart.end.count)
    }
}
