import Bytes
public import HTTPWire

/// A stored response: immutable, shared by all loops. Key, variance, prepared head and a small body lie in one array
/// and everything else in the store's table, so that an object costs one allocation.
public struct CachedObject: Sendable {
    /// key, variance, status line if it isn't the usual one, field lines, and the body unless ``body`` has it.
    let bytes: [UInt8]
    /// A body that is large or still being filled.
    let body: CachedBody?
    public let freshness: Freshness
    private let keyLength: UInt16
    private let varianceLength: UInt16
    private let headEnd: UInt32
    public let status: Int16
    private let statusLineLength: UInt8

    /// Longest key, variance and status line that fit.
    static let maximumKeyBytes = 65_535
    static let maximumVarianceBytes = 65_535
    static let maximumStatusLineBytes = 255

    /// - Parameter head: field lines as ``HeadWriter`` writes them, without a status line and an end.
    init(
        key: [UInt8], variance: [UInt8], statusLine: [UInt8], head: [UInt8], status: Int, freshness: Freshness,
        inlineBody: [UInt8] = [], body: CachedBody? = nil
    ) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(key.count + variance.count + statusLine.count + head.count + inlineBody.count)
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: variance)
        bytes.append(contentsOf: statusLine)
        bytes.append(contentsOf: head)
        self.headEnd = UInt32(bytes.count)
        bytes.append(contentsOf: inlineBody)
        self.bytes = bytes
        self.keyLength = UInt16(key.count)
        self.varianceLength = UInt16(variance.count)
        self.statusLineLength = UInt8(statusLine.count)
        self.status = Int16(status)
        self.freshness = freshness
        self.body = body
    }

    /// The same object with its body inside, once the body is complete and small.
    func compacted() -> CachedObject {
        guard let body, let small = body.takeSmall(limit: CachedObject.inlineLimit) else { return self }
        return replacing(head: Array(bytes[headRange]), freshness: freshness, inlineBody: small, body: nil)
    }

    /// The same body under other fields, after a validation.
    func replacing(head: [UInt8], freshness: Freshness) -> CachedObject {
        replacing(
            head: head, freshness: freshness, inlineBody: body == nil ? Array(bytes[Int(headEnd)...]) : [], body: body)
    }

    private func replacing(
        head: [UInt8], freshness: Freshness, inlineBody: [UInt8], body: CachedBody?
    ) -> CachedObject {
        CachedObject(
            key: Array(bytes[..<keyCount]), variance: Array(bytes[varianceRange]),
            statusLine: Array(bytes[statusLineRange]), head: head, status: Int(status), freshness: freshness,
            inlineBody: inlineBody, body: body)
    }

    /// The whole body, if it lies in one piece: the array and where in it. Otherwise it takes a ``BodyReader``.
    public var inlineBody: (bytes: [UInt8], range: Range<Int>)? {
        body == nil ? (bytes, inlineBodyRange) : nil
    }

    /// Bodies up to this many bytes lie in the object's own array.
    static let inlineLimit = 32 << 10

    var keyCount: Int { Int(keyLength) }
    var varianceRange: Range<Int> { Int(keyLength)..<Int(keyLength) + Int(varianceLength) }
    /// The status line that the origin sent; empty if it is the usual one.
    var statusLineRange: Range<Int> {
        let start = varianceRange.upperBound
        return start..<start + Int(statusLineLength)
    }
    var headRange: Range<Int> { statusLineRange.upperBound..<Int(headEnd) }
    var inlineBodyRange: Range<Int> { Int(headEnd)..<bytes.count }
    var hasVariance: Bool { varianceLength > 0 }

    func isKey(_ key: Span<UInt8>) -> Bool {
        let bytes = self.bytes
        return bytes.span.extracting(0..<keyCount).isEqual(to: key)
    }

    func selects(_ request: HeaderBlock) -> Bool {
        guard hasVariance else { return true }
        let bytes = self.bytes
        return Variance.matches(bytes.span.extracting(varianceRange), request)
    }

    /// Whether both were selected by the same request fields with the same values.
    func hasSameVariance(as other: CachedObject) -> Bool {
        bytes[varianceRange] == other.bytes[other.varianceRange]
    }

    func predictedVariance(_ request: HeaderBlock) -> [UInt8] {
        guard hasVariance else { return [] }
        let bytes = self.bytes
        return Variance.encode(like: bytes.span.extracting(varianceRange), request)
    }

    /// The stored fields, parsed; for validation, conditions and ranges.
    public func fields() -> HeaderBlock {
        let bytes = self.bytes
        return HeaderBlock(fieldLines: bytes.span.extracting(headRange))
    }

    /// Length of the whole body; nil while it is being filled and the origin didn't say.
    public var bodyLength: UInt64? {
        guard let body else { return UInt64(bytes.count - Int(headEnd)) }
        return body.knownLength
    }

    /// Bytes of memory that keeping this object costs, allocator and table included; a multiple of 16.
    var cost: Int {
        let total = CachedObject.fixedCost + CachedObject.rounded(bytes.count + 32) + (body?.allocatedBytes ?? 0)
        return (total + 15) & ~15
    }

    /// Its slot in the table with the slots in reserve, and its share of buckets and ghosts.
    private static let fixedCost = 80 + 10 + 16

    /// Whether both are the same stored response: there is one for a variance at a time.
    func isSame(as other: CachedObject) -> Bool {
        hasSameVariance(as: other) && freshness == other.freshness && headEnd == other.headEnd
    }

    /// What malloc makes of a request.
    static func rounded(_ count: Int) -> Int { (count + 8 + 15) & ~15 }
}
