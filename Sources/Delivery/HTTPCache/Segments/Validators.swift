import Bytes
public import HTTPWire

/// By what two responses are known to be parts of the same representation, byte by byte.
enum Validators {
    /// A date counts when the response is younger by this: within it there may be two versions of one date.
    private static let strongSeconds: Int64 = 60

    /// A quoted tag without `W/`.
    static func isStrong(_ tag: Span<UInt8>) -> Bool { tag.count >= 2 && tag[0] == 0x22 }

    /// Whether a response names a strong validator (RFC 9110 §8.8.1, §8.8.2.2).
    static func hasStrong(_ block: HeaderBlock, now: Int64) -> Bool {
        if let tag = block.value(of: .etag) { return isStrong(tag) && block.count(of: .etag) == 1 }
        guard let modified = block.date(of: .lastModified, now: now), let date = block.date(of: .date, now: now) else {
            return false
        }
        return modified + strongSeconds <= date
    }

    /// Whether a response has the strong validator of a stored one, and its coding.
    static func agree(_ response: HeaderBlock, _ stored: HeaderBlock) -> Bool {
        guard response.joinedValue(of: .contentEncoding) ?? [] == stored.joinedValue(of: .contentEncoding) ?? [] else {
            return false
        }
        if let tag = stored.value(of: .etag) {
            guard let other = response.value(of: .etag) else { return false }
            return isStrong(tag) && tag.isEqual(to: other)
        }
        guard let modified = stored.value(of: .lastModified), let other = response.value(of: .lastModified) else {
            return false
        }
        return modified.isEqual(to: other)
    }

    /// Asks for a part only of the version that is stored.
    static func writeIfRange(_ stored: HeaderBlock, to writer: inout HeadWriter) {
        if let tag = stored.value(of: .etag), isStrong(tag) {
            writer.field("If-Range", tag)
        } else if let modified = stored.value(of: .lastModified) {
            writer.field("If-Range", modified)
        }
    }

    /// `Accept-Ranges: bytes`
    static func acceptsRanges(_ block: HeaderBlock) -> Bool {
        guard let value = block.value(of: .acceptRanges) else { return false }
        return value.equalsIgnoringCase("bytes")
    }
}

/// A request that the cache wants sent to the origin: the client's, changed.
public protocol CacheErrand: AnyObject {
    /// Fields of the client that must not go along.
    var droppedFields: HeaderSet { get }
    /// Writes what the origin chooses a response by, in place of the client's fields.
    func writeNegotiation(to writer: inout HeadWriter)
    /// Writes the conditions and ranges that go in the place of the client's.
    func writeConditions(to writer: inout HeadWriter)
}

extension HeaderSet {
    static let conditionsAndRanges: HeaderSet = [
        .ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince, .ifRange, .range,
    ]
}
