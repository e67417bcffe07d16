import Bytes
public import HTTPWire
import Synchronization

/// A stored response: immutable, shared by all loops. Key, variance, prepared head and a small body lie in one array
/// and everything else in the store's table, so that an object costs one allocation.
public struct CachedObject: Sendable {
    /// key, variance, tags, status line if it isn't the usual one, field lines, and the body unless ``body`` has it.
    let bytes: [UInt8]
    private let place: BodyPlace
    public internal(set) var freshness: Freshness
    private let keyLength: UInt16
    private let varianceLength: UInt16
    private let headEnd: UInt32
    public let status: Int16
    private let statusLineLength: UInt8
    private let mediaTypeLength: UInt8
    private let tagLength: UInt16
    private let mediaTypeStart: UInt16
    /// The same for all that has the same body: kept by validations and by compressed forms.
    let serial: UInt32

    /// Where the body is. One word, for it is there for each object.
    private enum BodyPlace {
        /// Behind the head.
        case inline
        case body(CachedBody)
        case pieces(SegmentedBody)

        init(_ body: CachedBody?, _ pieces: SegmentedBody?) {
            self = pieces.map { .pieces($0) } ?? body.map { .body($0) } ?? .inline
        }
    }

    private static let nextSerial = Atomic<UInt32>(0)

    /// Longest key and variance that fit.
    static let maximumKeyBytes = 65_535
    static let maximumVarianceBytes = 65_535
    /// Tags of a response, of eight bytes each; the family of its key may come to them.
    static let maximumTags = 1000

    /// - Parameter head: field lines as ``HeadWriter`` writes them, without a status line and an end.
    init(
        key: [UInt8], variance: [UInt8], tags: [UInt64] = [], statusLine: [UInt8], head: [UInt8], status: Int,
        freshness: Freshness, inlineBody: [UInt8] = [], body: CachedBody? = nil, segments: SegmentedBody? = nil,
        serial: UInt32? = nil
    ) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            key.count + variance.count + 8 * tags.count + statusLine.count + head.count + inlineBody.count)
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: variance)
        for tag in tags {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: tag >> UInt64(8 * shift))) }
        }
        bytes.append(contentsOf: statusLine)
        bytes.append(contentsOf: head)
        self.headEnd = UInt32(bytes.count)
        bytes.append(contentsOf: inlineBody)
        self.bytes = bytes
        self.keyLength = UInt16(key.count)
        self.varianceLength = UInt16(variance.count)
        self.statusLineLength = UInt8(statusLine.count)
        (mediaTypeStart, mediaTypeLength) = CachedObject.mediaType(head[...])
        self.tagLength = UInt16(tags.count)
        self.serial = serial ?? CachedObject.nextSerial.wrappingAdd(1, ordering: .relaxed).newValue
        self.status = Int16(status)
        self.freshness = freshness
        self.place = BodyPlace(body, segments)
    }

    /// From disk.
    /// - Parameters:
    ///   - prefix: key, variance, tags, status line and field lines.
    ///   - lengths: sound, and `prefix` is as long as they say.
    init(
        prefix: ArraySlice<UInt8>, _ lengths: Lengths, status: Int16, _ freshness: Freshness, body: ArraySlice<UInt8>,
        pieces: SegmentedBody?
    ) {
        let isSmall = body.count <= CachedObject.inlineLimit && !freshness.flags.contains(.isSegment)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(prefix.count + (isSmall ? body.count : 0))
        bytes.append(contentsOf: prefix)
        if isSmall { bytes.append(contentsOf: body) }
        self.bytes = bytes
        self.place = BodyPlace(isSmall || pieces != nil ? nil : CachedBody(complete: Array(body)), pieces)
        self.freshness = freshness
        keyLength = lengths.key
        varianceLength = lengths.variance
        headEnd = lengths.headEnd
        self.status = status
        statusLineLength = lengths.statusLine
        let head = prefix.suffix(Int(lengths.headEnd) - lengths.headStart)
        (mediaTypeStart, mediaTypeLength) = CachedObject.mediaType(head)
        tagLength = lengths.tags
        serial = CachedObject.nextSerial.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// The same object with its body inside, once the body is complete and small.
    func compacted() -> CachedObject {
        guard !isPiece, let body, let small = body.takeSmall(limit: CachedObject.inlineLimit) else { return self }
        return replacing(head: Array(bytes[headRange]), freshness: freshness, tags: tags, inlineBody: small, body: nil)
    }

    /// The same body under other fields, after a validation.
    func replacing(head: [UInt8], freshness: Freshness, tags: [UInt64]) -> CachedObject {
        replacing(
            head: head, freshness: freshness, tags: tags,
            inlineBody: isInline ? Array(bytes[Int(headEnd)...]) : [], body: body)
    }

    private func replacing(
        head: [UInt8], freshness: Freshness, tags: [UInt64], inlineBody: [UInt8], body: CachedBody?
    ) -> CachedObject {
        CachedObject(
            key: Array(bytes[..<keyCount]), variance: Array(bytes[varianceRange]), tags: tags,
            statusLine: Array(bytes[statusLineRange]), head: head, status: Int(status), freshness: freshness,
            inlineBody: inlineBody, body: body, segments: segments, serial: serial)
    }

    /// The whole body, if it lies in one piece: the array and where in it. Otherwise it takes a ``BodyReader``.
    public var inlineBody: (bytes: [UInt8], range: Range<Int>)? {
        isInline ? (bytes, inlineBodyRange) : nil
    }

    /// A response that people count, not a part or form of one.
    var isCounted: Bool { freshness.flags.isDisjoint(with: [.isEncoded, .isSegment]) }
    var isPiece: Bool { freshness.flags.contains(.isSegment) }

    private var isInline: Bool { if case .inline = place { true } else { false } }

    /// A body that is large or still being filled.
    var body: CachedBody? { if case .body(let body) = place { body } else { nil } }

    /// A body that lies in the store in pieces of its own.
    var segments: SegmentedBody? { if case .pieces(let pieces) = place { pieces } else { nil } }

    /// Only parts of its body are stored: a ``BodyReader`` takes a range of these.
    public var isPartial: Bool { freshness.flags.contains(.isPartial) }

    /// The body lies in the store in pieces: it takes a ``SegmentedReader``.
    public var isSegmented: Bool { segments != nil }

    /// Bodies up to this many bytes lie in the object's own array.
    static let inlineLimit = 32 << 10

    var keyCount: Int { Int(keyLength) }
    var keyBytes: ArraySlice<UInt8> { bytes[..<keyCount] }
    var varianceRange: Range<Int> { Int(keyLength)..<Int(keyLength) + Int(varianceLength) }
    /// The status line that the origin sent; empty if it is the usual one.
    var statusLineRange: Range<Int> {
        let start = varianceRange.upperBound + 8 * tagCount
        return start..<start + Int(statusLineLength)
    }
    var headRange: Range<Int> { statusLineRange.upperBound..<Int(headEnd) }
    var inlineBodyRange: Range<Int> { Int(headEnd)..<bytes.count }
    var hasVariance: Bool { varianceLength > 0 }

    var tagCount: Int { Int(tagLength) }

    func tag(_ index: Int) -> UInt64 {
        var tag: UInt64 = 0
        let start = varianceRange.upperBound + 8 * index
        for shift in 0..<8 { tag |= UInt64(bytes[start + shift]) << UInt64(8 * shift) }
        return tag
    }

    var tags: [UInt64] { (0..<tagCount).map { tag($0) } }

    func hasTag(_ tag: UInt64) -> Bool { (0..<tagCount).contains { self.tag($0) == tag } }

    func hasKey(prefix: Span<UInt8>) -> Bool {
        let bytes = self.bytes
        return CacheKey.meets(prefix: prefix, key: bytes.span.extracting(0..<keyCount))
    }

    /// Takes this object's key, which may be another than the one that its fetch began with.
    public func follow(_ key: inout CacheKey) { if !isKey(key.bytes.span) { key = CacheKey(stored: Array(keyBytes)) } }

    func isKey(_ key: Span<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[..<keyCount]).span.isEqual(to: key) }
    }

    func selects(_ request: HeaderBlock, _ rules: VaryRules) -> Bool {
        guard hasVariance else { return true }
        let bytes = self.bytes
        return Variance.matches(bytes.span.extracting(varianceRange), request, rules)
    }

    /// Whether it was selected by `Accept-Language` among others, suits the request but for that, and is in the language.
    /// - Parameter language: in lower case.
    func selects(_ request: HeaderBlock, _ rules: VaryRules, language: [UInt8]) -> Bool {
        guard hasVariance, freshness.flags.contains(.hasLanguage) else { return false }
        let bytes = self.bytes
        let variance = bytes.span.extracting(varianceRange)
        guard Variance.value(of: .acceptLanguage, in: variance) != nil,
            Variance.matches(variance, request, rules, except: .acceptLanguage)
        else { return false }
        return fields().joinedValue(of: .contentLanguage).map { $0.span.equalsIgnoringCase(language.span) } ?? false
    }

    /// Whether both were selected by the same request fields with the same values.
    func hasSameVariance(as other: CachedObject) -> Bool {
        bytes[varianceRange] == other.bytes[other.varianceRange]
    }

    func predictedVariance(_ request: HeaderBlock, _ rules: VaryRules) -> [UInt8] {
        guard hasVariance else { return [] }
        let bytes = self.bytes
        return Variance.encode(like: bytes.span.extracting(varianceRange), request, rules)
    }

    /// The stored fields as lines: the array and where in it.
    public var fieldLines: (bytes: [UInt8], range: Range<Int>) { (bytes, headRange) }

    /// `Content-Type` without parameters, for events: the array and where in it; an empty range where there is none.
    public var mediaType: (bytes: [UInt8], range: Range<Int>) {
        let start = headRange.lowerBound + Int(mediaTypeStart)
        return (bytes, start..<start + Int(mediaTypeLength))
    }

    /// Where the media type stands in field lines. One that is very long or far behind is not found: it is for events.
    private static func mediaType(_ head: ArraySlice<UInt8>) -> (start: UInt16, length: UInt8) {
        let range = ContentType.mediaType(head.span, 0..<head.count)
        guard let start = UInt16(exactly: range.lowerBound), let length = UInt8(exactly: range.count) else {
            return (0, 0)
        }
        return (start, length)
    }

    /// The stored fields, parsed; for validation, conditions and ranges.
    public func fields() -> HeaderBlock {
        let bytes = self.bytes
        return HeaderBlock(fieldLines: bytes.span.extracting(headRange))
    }

    /// Length of the whole body; nil while it is being filled and the origin didn't say.
    public var bodyLength: UInt64? {
        if let segments { return segments.length }
        guard let body else { return UInt64(bytes.count - Int(headEnd)) }
        return body.knownLength
    }

    /// Bytes of memory that keeping this object costs, allocator and table included; a multiple of 16.
    var cost: Int {
        let total =
            CachedObject.fixedCost + CachedObject.rounded(bytes.count + 32) + (body?.allocatedBytes ?? 0)
            + (segments == nil ? 0 : SegmentedBody.cost)
            + tagCount * (TagIndex.costPerTag - 8)
        return (total + 15) & ~15
    }

    /// Its slot in the table with the slots in reserve, and its share of buckets and ghosts.
    private static let fixedCost = MemoryLayout<StoreShard.Slot>.stride + 10 + 16

    /// Whether both are the same stored response: there is one for a variance at a time.
    func isSame(as other: CachedObject) -> Bool {
        hasSameVariance(as: other) && freshness == other.freshness && headEnd == other.headEnd
    }

    /// What malloc makes of a request.
    static func rounded(_ count: Int) -> Int { (count + 8 + 15) & ~15 }
}
