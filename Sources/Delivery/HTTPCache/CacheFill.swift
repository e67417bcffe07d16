import Synchronization

/// Takes a response's body on its way into the cache. Readers stream it at the same time. Dropping it unfinished
/// aborts it.
public final class CacheFill: Sendable {
    private enum Phase {
        case filling
        /// Outgrew what may be stored, or was invalidated: the body only passes through.
        case passing
        case over
    }

    private struct State {
        var phase: Phase
        var reserved = 0
    }

    private let fetch: CacheFetch
    public let object: CachedObject
    private let body: CachedBody
    private let settings: CacheSettings
    /// What follows the origin's bytes, because it was stored before.
    private let ending: [UInt8]
    private let state: Mutex<State>

    init(
        _ fetch: CacheFetch, _ object: CachedObject, _ body: CachedBody, settings: CacheSettings, isForgotten: Bool,
        end: [UInt8] = []
    ) {
        self.ending = end
        self.fetch = fetch
        self.object = object
        self.body = body
        self.settings = settings
        self.state = Mutex(State(phase: isForgotten ? .passing : .filling))
        if isForgotten { body.letGo() }
    }

    deinit { abort() }

    /// Readers that are not through yet, the request that fetches among them.
    public var readerCount: Int { body.readerCount }
    var cache: ResponseCache { fetch.cache }
    public var isStored: Bool { state.withLock { $0.phase == .filling } }

    /// Adds a piece of the body.
    /// - Parameters:
    ///   - now: seconds.
    ///   - onDrained: called once, on a reader's thread, after `false` when there is room again.
    /// - Returns: whether to go on reading from the origin.
    public func append(_ bytes: [UInt8], now: Int64, onDrained: @escaping @Sendable () -> Void) -> Bool {
        guard !bytes.isEmpty else { return true }
        let isTooMuch = state.withLock { state -> Bool in
            guard state.phase == .filling else { return false }
            let isSmallEnough = Int(body.filledLength) + bytes.count <= settings.maximumObjectBytes
            if isSmallEnough, fetch.cache.reserve(bytes.count, limit: settings.memoryBytes) {
                state.reserved += bytes.count
                return false
            }
            state.phase = .passing
            return true
        }
        if isTooMuch { letGo(now: now) }
        return body.append(bytes, onDrained: onDrained)
    }

    /// The body is complete. It is stored unless it outgrew the limit, was invalidated, or is not as long as announced.
    public func finish() {
        if let announced = object.bodyLength, announced != body.filledLength + UInt64(ending.count) { return abort() }
        _ = body.append(ending) {}
        body.finish()
        let wasFilling = takeEnd()
        guard wasFilling else { return }
        fetch.cache.store(object.compacted(), fetch: fetch, limit: settings.memoryBytes)
    }

    /// The body is not complete and never will be.
    public func abort() {
        body.abort()
        if takeEnd() { fetch.end(.retry) }
    }

    private func letGo(now: Int64) {
        body.letGo()
        giveBack()
        fetch.replaceStored(status: Int(object.status))
        fetch.markUncacheable(now: now, seconds: settings.hitForMissSeconds)
        fetch.end(.retry)
    }

    /// Ends the fill. True if it was on its way into the store.
    private func takeEnd() -> Bool {
        giveBack()
        return state.withLock { state in
            defer { state.phase = .over }
            return state.phase == .filling
        }
    }

    private func giveBack() {
        let reserved = state.withLock { state -> Int in
            defer { state.reserved = 0 }
            return state.reserved
        }
        fetch.cache.release(reserved)
    }
}
