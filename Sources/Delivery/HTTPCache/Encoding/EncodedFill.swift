public import Codings
import Synchronization

/// Takes the compressed form of a stored response on its way into the cache, while readers stream it. Dropping it
/// unfinished aborts it.
public final class EncodedFill: Sendable {
    private struct State {
        var isStored = true
        var isOver = false
        var reserved = 0
    }

    private let cache: ResponseCache
    private let key: CacheKey
    private let object: CachedObject
    private let body: CachedBody
    public let coding: ContentCoding
    private let state = Mutex(State())

    init(_ cache: ResponseCache, _ key: CacheKey, _ object: CachedObject, _ body: CachedBody, _ coding: ContentCoding) {
        self.cache = cache
        self.key = key
        self.object = object
        self.body = body
        self.coding = coding
    }

    deinit { abort() }

    /// Whether it still may be stored; otherwise it lives as long as its readers.
    public var isStored: Bool { state.withLock { $0.isStored } }
    public var readerCount: Int { body.readerCount }

    /// The bytes will come: from now on others read along.
    public func begin() { cache.shard(key.hash).part.withLock { $0.formsUnderWay.begin(object, key.hash) } }

    /// Adds a piece.
    /// - Parameter onDrained: called once, on a reader's thread, after `false` when there is room again.
    /// - Returns: whether to go on.
    public func append(_ bytes: [UInt8], onDrained: @escaping @Sendable () -> Void) -> Bool {
        let settings = cache.settings
        let isTooMuch = state.withLock { state -> Bool in
            guard state.isStored else { return false }
            let fits = Int(body.filledLength) + bytes.count <= settings.maximumObjectBytes
            if fits, cache.reserve(bytes.count, limit: settings.memoryBytes) {
                state.reserved += bytes.count
                return false
            }
            state.isStored = false
            return true
        }
        if isTooMuch {
            endJoining()
            body.letGo()
        }
        return body.append(bytes, onDrained: onDrained)
    }

    /// The compressed form is complete.
    public func finish() {
        body.finish()
        if end() { cache.store(made: object.compacted(), key: key) }
        endJoining()
    }

    /// It never will be.
    public func abort() {
        endJoining()
        body.abort()
        _ = end()
    }

    private func endJoining() { cache.shard(key.hash).part.withLock { $0.formsUnderWay.end(object, key.hash) } }

    /// True for the first, if it may be stored.
    private func end() -> Bool {
        let (reserved, wasStored) = state.withLock { state -> (Int, Bool) in
            defer {
                state.reserved = 0
                state.isOver = true
            }
            return (state.reserved, state.isStored && !state.isOver)
        }
        cache.release(reserved)
        return wasStored
    }
}
