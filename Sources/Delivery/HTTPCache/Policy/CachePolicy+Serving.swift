public import HTTPWire

/// How a stored response answers a request: whole, in part, or by "not modified".
public enum ServePlan: Sendable, Equatable {
    case whole
    case notModified
    /// 206 with one range.
    case range(Range<UInt64>)
    /// 206 with several.
    case ranges([Range<UInt64>])
    /// 416
    case unsatisfiable
    /// 412
    case preconditionFailed
}

extension CachePolicy {
    /// Preconditions and ranges against a stored response (RFC 9110 §13.2.2, §14.2).
    /// - Parameters:
    ///   - length: the body's length, nil while it is unknown: then no range is cut.
    ///   - fields: the stored response's fields.
    public static func plan(
        _ request: RequestHead, status: Int, fields: @autoclosure () -> HeaderBlock, freshness: Freshness,
        length: UInt64?, now: Int64, settings: CacheSettings
    ) -> ServePlan {
        let wanted = request.block
        guard wanted.asksForPart, status == 200 else { return .whole }
        let stored = fields()
        if wanted.isConditional, let answer = condition(wanted, stored, freshness, now: now) { return answer }
        guard request.method == .get, freshness.flags.contains(.allowsRanges), let length,
            let range = wanted.value(of: .range), wanted.count(of: .range) == 1,
            rangeApplies(wanted, stored, now: now)
        else { return .whole }
        switch ByteRanges.select(range, length: length, maximumCount: settings.maximumRanges) {
        case .whole: return .whole
        case .unsatisfiable: return .unsatisfiable
        case .parts(let parts): return parts.count == 1 ? .range(parts[0]) : .ranges(parts)
        }
    }

    /// RFC 9110 §13.2.2 in its order; an entity tag wins over a date.
    private static func condition(
        _ wanted: HeaderBlock, _ stored: HeaderBlock, _ freshness: Freshness, now: Int64
    ) -> ServePlan? {
        let modified = modificationTime(stored, freshness, now: now)
        if wanted.contains(.ifMatch) {
            if !EntityTag.matches(wanted, .ifMatch, tag: stored.value(of: .etag), isStrong: true) {
                return .preconditionFailed
            }
        } else if let since = wanted.date(of: .ifUnmodifiedSince, now: now), modified > since {
            return .preconditionFailed
        }
        if wanted.contains(.ifNoneMatch) {
            return EntityTag.matches(wanted, .ifNoneMatch, tag: stored.value(of: .etag), isStrong: false)
                ? .notModified : nil
        }
        guard let since = wanted.date(of: .ifModifiedSince, now: now) else { return nil }
        return modified <= since ? .notModified : nil
    }

    /// Last-Modified, else Date, else when it was received (RFC 9111 §4.3.2).
    private static func modificationTime(_ stored: HeaderBlock, _ freshness: Freshness, now: Int64) -> Int64 {
        stored.date(of: .lastModified, now: now) ?? stored.date(of: .date, now: now) ?? freshness.responseTime
    }

    /// If-Range (RFC 9110 §13.1.5): a strong tag or an exact date; otherwise the whole is sent.
    private static func rangeApplies(_ wanted: HeaderBlock, _ stored: HeaderBlock, now: Int64) -> Bool {
        guard let condition = wanted.value(of: .ifRange) else { return true }
        if condition.count > 0, condition[0] == 0x22 || EntityTag.isWeak(condition) {
            guard let tag = stored.value(of: .etag) else { return false }
            return EntityTag.stronglyEqual(condition, tag)
        }
        guard let date = HTTPDate.parse(condition, now: now) else { return false }
        return stored.date(of: .lastModified, now: now) == date
    }
}
