import HTTPCache
import HTTPWire

/// A stored body on its way to one client: whole, a range, or several ranges with what stands between them.
final class BodySource {
    private let object: CachedObject
    private var reader: BodyReader?
    private let multipart: MultipartRanges?
    private var part = 0
    private var wroteHead = false

    init(_ object: CachedObject, reader: BodyReader?) {
        self.object = object
        self.reader = reader
        multipart = nil
    }

    init(_ object: CachedObject, multipart: MultipartRanges) {
        self.object = object
        self.multipart = multipart
    }

    func next(wakeup: (@Sendable () -> Void)?) -> BodyPiece {
        guard let multipart else { return reader?.next(wakeup: wakeup) ?? .aborted }
        while part < multipart.parts.count {
            if !wroteHead {
                wroteHead = true
                reader = BodyReader(object, range: multipart.parts[part])
                let head = multipart.partHeads[part]
                return .data(head, 0..<head.count)
            }
            let piece = reader?.next(wakeup: wakeup) ?? .aborted
            guard case .end = piece else { return piece }
            part += 1
            wroteHead = false
        }
        guard part == multipart.parts.count else { return .end }
        part += 1
        return .data(multipart.end, 0..<multipart.end.count)
    }
}
