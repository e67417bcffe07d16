import HTTPWire
import Synchronization

extension ResponseCache {
    /// Where a piece of a large body is.
    enum Piece {
        /// In the store, or being filled.
        case ready(CachedObject)
        /// Another reader's run fetches it; the wake-up will be called.
        case wait(ticket: UInt64)
        /// It is being read from disk; the same.
        case load(ticket: UInt64)
        /// Nobody has it: this run must fetch it.
        case missing(SegmentRun)
        /// The origin has another version by now.
        case gone
    }

    /// Looks for a piece.
    /// - Parameters:
    ///   - limit: the piece behind the last one that the reader needs.
    ///   - wakeup: nil asks without waiting.
    func piece(
        of whole: CachedObject, _ body: SegmentedBody, _ segment: UInt64, limit: UInt64,
        wakeup: (() -> CollapseWakeup)?
    ) -> Piece {
        let key = body.key(whole.keyBytes, segment)
        let isOnDisk = disk?.mayHave(key) ?? false
        if isOnDisk, let object = stored(key) { return .ready(object) }
        if isOnDisk, wakeup == nil { return .load(ticket: 0) }
        if isOnDisk, let wakeup, let ticket = load(key, wakeup: wakeup) { return .load(ticket: ticket) }
        let found = shard(key.hash).part.withLock { part -> (piece: Piece?, number: UInt64, freed: Int) in
            let (object, freed) = part.piece(key)
            if let object { return (.ready(object), 0, freed) }
            if body.isChanged { return (.gone, 0, freed) }
            guard let wakeup else {
                if part.collapser.isFetching(hash: key.hash, key: key.bytes) { return (.wait(ticket: 0), 0, freed) }
                return (nil, part.begin(key), freed)
            }
            let join = part.collapser.join(
                hash: key.hash, key: key.bytes, request: HeaderBlock(), predicted: nil,
                generation: part.store.purges.generation, vary: part.vary, wakeup: wakeup)
            switch join {
            case .lead(let number): return (nil, number, freed)
            case .wait(let ticket): return (.wait(ticket: ticket), 0, freed)
            case .attach(let object): return (.ready(object), 0, freed)
            }
        }
        release(found.freed)
        if let piece = found.piece { return piece }
        let fetch = CacheFetch(self, key, found.number, stored: nil, reason: .partial, isShared: true)
        return .missing(SegmentRun(whole, body, fetch, segment, end: runEnd(whole, body, segment, limit)))
    }

    private func stored(_ key: CacheKey) -> CachedObject? {
        let (object, freed) = shard(key.hash).part.withLock { $0.piece(key) }
        release(freed)
        return object
    }

    /// Begins to fetch a piece; nil if it is there, or being fetched.
    func begin(_ whole: CachedObject, _ body: SegmentedBody, _ segment: UInt64) -> CacheFetch? {
        let key = body.key(whole.keyBytes, segment)
        if disk?.mayHave(key) == true { return nil }
        let (number, freed) = shard(key.hash).part.withLock { part -> (UInt64?, Int) in
            let (object, freed) = part.piece(key)
            let isThere = object != nil || part.collapser.isFetching(hash: key.hash, key: key.bytes)
            return (isThere ? nil : part.begin(key), freed)
        }
        release(freed)
        return number.map { CacheFetch(self, key, $0, stored: nil, reason: .partial, isShared: true) }
    }

    /// Where a run ends that begins with a piece: before the next one that is there.
    private func runEnd(_ whole: CachedObject, _ body: SegmentedBody, _ segment: UInt64, _ limit: UInt64) -> UInt64 {
        let last = min(limit, segment + SegmentedBody.maximumRun)
        var next = segment + 1
        while next < last {
            let key = body.key(whole.keyBytes, next)
            let (isThere, freed) = shard(key.hash).part.withLock { part -> (Bool, Int) in
                let (object, freed) = part.piece(key)
                return (object != nil || part.collapser.isFetching(hash: key.hash, key: key.bytes), freed)
            }
            release(freed)
            if isThere || disk?.mayHave(key) == true { break }
            next += 1
        }
        return next
    }
}

extension ResponseCache.Part {
    /// A stored piece, or one whose bytes are coming; and the bytes that are free now.
    fileprivate mutating func piece(_ key: CacheKey) -> (CachedObject?, freed: Int) {
        let freed = store.settle(hash: key.hash, key: key.bytes.span)
        var found: (index: Int, object: CachedObject)?
        store.forEach(hash: key.hash, key: key.bytes.span) { index, object in
            found = (index, object)
            return false
        }
        guard let found else {
            return (collapser.attachable(hash: key.hash, key: key.bytes, request: HeaderBlock(), vary: vary), freed)
        }
        store.touch(found.index)
        return (found.object, freed)
    }

    fileprivate mutating func begin(_ key: CacheKey) -> UInt64 {
        collapser.start(
            hash: key.hash, key: key.bytes, predicted: nil, isShared: true, generation: store.purges.generation)
    }
}
