import Bytes
import HTTPWire
import Synchronization

/// Responses that are parts of something small.
extension CacheFetch {
    /// Keeps a 206 while it passes to the client. Nil if it can't be kept.
    func keepPart(
        _ response: ResponseHead, _ request: RequestHead, requestTime: Int64, now: Int64, settings: CacheSettings,
        override: CacheOverride
    ) -> Outcome? {
        var head = response
        head.status = 200
        head.block.remove(.contentRange)
        guard isPartial, settings.partialBytes > 0,
            let value = response.block.value(of: .contentRange),
            response.block.count(of: .contentRange) == 1,
            case (let range, let length?)? = ByteRanges.contentRange(value),
            range.count <= settings.partialBytes, isPlausible(response.framing, range),
            case .store(var freshness) = override.storage(
                request: request, response: head, requestTime: requestTime, now: now, rules: settings.storageRules),
            !freshness.flags.contains(.asksForESI), let variance = variance(response, request),
            let tags = tags(response.block, settings)
        else { return nil }
        if CachePolicy.mayBeEncoded(head.block, status: 200, length: length, settings: settings.compression) {
            freshness.flags.insert(.mayBeEncoded)
        }
        if head.block.contains(.contentEncoding) { freshness.flags.insert(.isCoded) }
        freshness.flags.insert(.isPartial)
        guard let fetch = alone(now: now, settings: settings) else { return nil }
        let part = PartialResponse(
            response: head, range: range, length: length, variance: variance, tags: tags, freshness: freshness,
            requestTime: requestTime, receivedAt: now, override: override)
        return .keep(
            AsideFill(fetch, .part(part), limit: settings.partialBytes, memoryLimit: settings.memoryBytes))
    }

    /// Whether a body is not longer than its range. A shorter one has the range's first bytes.
    private func isPlausible(_ framing: BodyFraming, _ range: Range<UInt64>) -> Bool {
        guard case .length(let length) = framing else { return framing != .none }
        return length <= UInt64(range.count)
    }

    /// Lets those go who wait, each for itself from now on, since a part for one is none for another. Nil if a purge
    /// came in between.
    private func alone(now: Int64, settings: CacheSettings) -> CacheFetch? {
        let hash = key.hash
        let (number, wakeups) = cache.shard(hash).part.withLock { part -> (UInt64?, [CollapseWakeup]) in
            guard let began = part.collapser.generation(hash: hash, number: self.number) else { return (nil, []) }
            part.collapser.hitForMiss.insert(
                hash ^ CacheFetch.aloneSalt, now: now, seconds: settings.hitForMissSeconds)
            let wakeups = part.collapser.end(hash: hash, number: self.number) ?? []
            let next = part.collapser.start(
                hash: hash, key: key.bytes, predicted: nil, isShared: false, isPartial: true, generation: began)
            return (next, wakeups)
        }
        for wakeup in wakeups { wakeup(.retry) }
        return number.map { CacheFetch(cache, key, $0, stored: nil, reason: reason, isShared: false, isPartial: true) }
    }

    /// Remembers that parts of a URL are stored as they come, so that requests for others don't queue.
    static let aloneSalt: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    /// The origin's answer to the question for what is missing: together with it the whole is there (RFC 9111 §3.4).
    /// Anything else than this very range of the same version makes the stored part worthless.
    func completed(
        _ part: CachedObject, _ response: ResponseHead, requestTime: Int64, now: Int64, settings: CacheSettings,
        override: CacheOverride
    ) -> Outcome {
        let outcome = completing(
            part, response, requestTime: requestTime, now: now, settings: settings, override: override)
        guard let outcome else {
            cache.drop(part, key: key)
            end(.retry)
            return .retry
        }
        return outcome
    }

    private func completing(
        _ part: CachedObject, _ response: ResponseHead, requestTime: Int64, now: Int64, settings: CacheSettings,
        override: CacheOverride
    ) -> Outcome? {
        let stored = part.fields()
        guard let content = part.body?.partial, let gap = content.gap,
            let value = response.block.value(of: .contentRange), response.block.count(of: .contentRange) == 1,
            let (range, length) = ByteRanges.contentRange(value), range == gap, length == content.length,
            isExact(response.framing, gap), Validators.agree(response.block, stored),
            let tags = tags(response.block, settings, else: part)
        else { return nil }
        var (head, freshness, ownFields) = Freshening.update(
            part, stored, response, requestTime: requestTime, now: now, settings: settings, override: override)
        guard freshness.mayStay, !override.isRefused else { return nil }
        override.apply(to: &freshness)
        let body = CachedBody(announced: content.length, windowBytes: settings.streamWindowBytes)
        let object = CachedObject(
            key: key.bytes, variance: Array(part.bytes[part.varianceRange]), tags: tags,
            statusLine: [], head: head, status: 200, freshness: freshness, body: body)
        let (before, behind) = content.bytes(around: gap)
        let (wakeups, isPurged) = cache.shard(key.hash).part.withLock { shard in
            shard.publish(object, hash: key.hash, number: number)
        }
        let fill = CacheFill(self, object, body, settings: settings, isForgotten: isPurged, end: behind)
        // Kept first, so that nobody who reads along waits for the origin to get what is there.
        _ = fill.append(before, now: now) {}
        for wakeup in wakeups { wakeup(.retry) }
        var status = CacheStatus.forwarded(.partial)
        status.forwardStatus = response.status
        status.isStored = true
        var hit = CacheHit(object, .filled, now: now, status: status)
        hit.ownFields = ownFields
        return .store(fill, hit)
    }

    private func isExact(_ framing: BodyFraming, _ range: Range<UInt64>) -> Bool {
        guard case .length(let length) = framing else { return framing != .none }
        return length == UInt64(range.count)
    }

    /// Asks for what a stored part misses, of the same version (RFC 9110 §13.1.5).
    func writeCompletion(of part: CachedObject, to writer: inout HeadWriter) {
        guard let content = part.body?.partial, let gap = content.gap else { return }
        let end = gap.upperBound == content.length ? "" : "\(gap.upperBound - 1)"
        writer.startField("Range")
        writer.bytes.append(contentsOf: "bytes=\(gap.lowerBound)-\(end)".utf8)
        writer.endLine()
        Validators.writeIfRange(part.fields(), to: &writer)
    }
}
