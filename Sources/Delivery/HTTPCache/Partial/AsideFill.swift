import Bytes
import HTTPWire
import Synchronization

/// Keeps a copy of a response that passes to its client, to be stored once it is there: a part of a representation, or
/// what a POST says is what a GET would get. Dropping it stores what has come of a part, and nothing else.
public final class AsideFill: Sendable {
    enum Purpose: Sendable {
        case part(PartialResponse)
        case whole(CachedObject)
    }

    private struct State {
        var bytes: [UInt8] = []
        var isOver = false
    }

    private let fetch: CacheFetch
    private let purpose: Purpose
    private let limit: Int
    private let memoryLimit: Int
    private let state = Mutex(State())

    init(_ fetch: CacheFetch, _ purpose: Purpose, limit: Int, memoryLimit: Int) {
        self.fetch = fetch
        self.purpose = purpose
        self.limit = limit
        self.memoryLimit = memoryLimit
    }

    deinit { end(isComplete: false) }

    /// Adds a piece of the body. One that grows too large is not kept.
    public func append(_ bytes: Span<UInt8>) {
        state.withLock { state in
            guard !state.isOver else { return }
            guard state.bytes.count + bytes.count <= limit, fetch.cache.reserve(bytes.count, limit: memoryLimit) else {
                fetch.cache.release(state.bytes.count)
                state = State(isOver: true)
                return
            }
            state.bytes.append(contentsOf: bytes)
        }
    }

    /// The response is complete.
    public func finish() { end(isComplete: true) }

    private func end(isComplete: Bool) {
        let bytes = state.withLock { state -> [UInt8]? in
            guard !state.isOver else { return nil }
            defer { state = State(isOver: true) }
            return state.bytes
        }
        if let bytes {
            fetch.cache.release(bytes.count)
            switch purpose {
            case .part(let part):
                if let content = part.content(bytes) {
                    fetch.cache.store(part, content, fetch: fetch, limit: memoryLimit)
                }
            case .whole(let head):
                if isComplete {
                    fetch.cache.store(head.filled(bytes), fetch: fetch, limit: memoryLimit, isPublished: false)
                }
            }
        }
        fetch.end(.retry)
    }
}

/// The head of a 206, until its bytes are there.
struct PartialResponse: Sendable {
    /// As the response to a request for the whole would have it.
    let response: ResponseHead
    let range: Range<UInt64>
    let length: UInt64
    let variance: [UInt8]
    let tags: [UInt64]
    let freshness: Freshness
    let requestTime: Int64
    let receivedAt: Int64
    let override: CacheOverride

    /// What came, which may be less than was promised: its place is where the range begins. Nil if it is more, for then
    /// nobody knows what it is.
    func content(_ bytes: [UInt8]) -> PartialContent? {
        bytes.count <= range.count ? PartialContent(bytes, at: range.lowerBound, length: length) : nil
    }
}

extension CachedObject {
    /// The same with a body that is complete.
    func filled(_ body: [UInt8]) -> CachedObject {
        let isSmall = body.count <= CachedObject.inlineLimit
        return CachedObject(
            key: Array(keyBytes), variance: Array(bytes[varianceRange]), tags: tags,
            statusLine: Array(bytes[statusLineRange]), head: Array(bytes[headRange]), status: Int(status),
            freshness: freshness, inlineBody: isSmall ? body : [], body: isSmall ? nil : CachedBody(complete: body))
    }
}
