import Bytes

/// The bytes of one message head and where its fields are. Reused from message to message: no allocation once it has
/// grown to the usual size.
public struct HeaderBlock: Sendable {
    /// One field line. Offsets count from the start of ``HeaderBlock/bytes``.
    public struct Field: Sendable {
        public var nameOffset: UInt32
        public var valueOffset: UInt32
        public var nameLength: UInt16
        public var valueLength: UInt16
        public var id: KnownHeader

        public var name: ByteRange { ByteRange(offset: nameOffset, length: UInt32(nameLength)) }
        /// Without surrounding white space.
        public var value: ByteRange { ByteRange(offset: valueOffset, length: UInt32(valueLength)) }
    }

    /// The head as received: start line, field lines, line ends.
    public internal(set) var bytes: [UInt8]
    public private(set) var fields: [Field]
    /// One bit per ``KnownHeader`` that occurs.
    private(set) var present: UInt64
    /// One bit for the first letter of each name that is not known; those of removed fields stay.
    private var initials: UInt32

    public init() {
        self.bytes = []
        self.fields = []
        self.present = 0
        self.initials = 0
    }

    /// Empties the block and keeps its memory.
    public mutating func removeAll() {
        // Also what is empty already would be copied about.
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
        if !fields.isEmpty { fields.removeAll(keepingCapacity: true) }
        present = 0
        initials = 0
    }

    /// The bit of names that begin with a byte, in any case.
    @inline(__always)
    public static func initial(_ byte: UInt8) -> UInt32 { 1 << UInt32(byte & 31) }

    /// Whether there is one of these, or one of another name that begins with one of these letters.
    /// - Parameter initials: made of ``initial(_:)``.
    @inline(__always)
    public func mayContain(_ known: HeaderSet, initials: UInt32) -> Bool {
        present & known.bits != 0 || self.initials & initials != 0
    }

    /// Adds a field that did not arrive on the wire.
    /// - Precondition: name and value hold only octets that RFC 9110 §5 allows; the value is under 64 KiB.
    public mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        let id = KnownHeader(name: name)
        let nameOffset = bytes.count
        bytes.append(contentsOf: name)
        let valueOffset = bytes.count
        bytes.append(contentsOf: value)
        add(
            Field(
                nameOffset: UInt32(nameOffset), valueOffset: UInt32(valueOffset), nameLength: UInt16(name.count),
                valueLength: UInt16(value.count), id: id))
    }

    /// Adds a field whose octets are in the block already.
    @inline(__always)
    mutating func add(_ field: Field) {
        add(field, initial: field.id == .other && field.nameLength > 0 ? bytes[Int(field.nameOffset)] : 0)
    }

    /// The same while the octets are elsewhere.
    /// - Parameter initial: the name's first octet.
    @inline(__always)
    mutating func add(_ field: Field, initial: UInt8) {
        fields.append(field)
        present |= field.id.bit
        if field.id == .other, field.nameLength > 0 { initials |= HeaderBlock.initial(initial) }
    }

    /// Lets the last field end elsewhere, where lines that were folded are joined to it.
    mutating func lengthenLast(to length: Int) { fields[fields.count - 1].valueLength = UInt16(length) }

    public mutating func append(_ name: String, _ value: String) {
        let nameBytes = Array(name.utf8)
        let valueBytes = Array(value.utf8)
        append(nameBytes.span, valueBytes.span)
    }

    /// The same with the value as bytes.
    public mutating func append(_ name: String, _ value: [UInt8]) {
        let nameBytes = Array(name.utf8)
        append(nameBytes.span, value.span)
    }

    /// Drops every field of this id; its bytes stay until ``removeAll()``.
    public mutating func remove(_ header: KnownHeader) {
        guard contains(header) else { return }
        fields.removeAll { $0.id == header }
        present &= ~header.bit
    }

    @inline(__always)
    public func contains(_ header: KnownHeader) -> Bool { present & header.bit != 0 }

    private static let conditions =
        KnownHeader.ifNoneMatch.bit | KnownHeader.ifModifiedSince.bit | KnownHeader.ifMatch.bit
        | KnownHeader.ifUnmodifiedSince.bit

    /// Has a precondition that a cache evaluates (RFC 9110 §13.1), without If-Range.
    public var isConditional: Bool { present & HeaderBlock.conditions != 0 }

    /// May be answered by something else than the whole: by a range, or by the outcome of a condition.
    public var asksForPart: Bool { isConditional || contains(.range) }

    /// Index in ``fields`` of the first field with this id.
    public func firstIndex(of header: KnownHeader) -> Int? {
        guard contains(header) else { return nil }
        return fields.firstIndex { $0.id == header }
    }

    /// How many field lines have this id.
    public func count(of header: KnownHeader) -> Int {
        guard contains(header) else { return 0 }
        return fields.reduce(0) { $0 + ($1.id == header ? 1 : 0) }
    }

    @_lifetime(borrow self)
    public func slice(_ range: ByteRange) -> Span<UInt8> {
        bytes.span.extracting(range.range)
    }

    /// The whole line of a field with its end, if it came just as ``HeadWriter`` writes one.
    func line(of field: Field) -> Range<Int>? {
        let (nameEnd, value) = (field.name.end, field.value)
        guard value.start == nameEnd + 2, value.end + 1 < bytes.count, bytes[nameEnd] == 0x3A,
            bytes[nameEnd + 1] == 0x20, bytes[value.end] == 0x0D, bytes[value.end + 1] == 0x0A
        else { return nil }
        return field.name.start..<value.end + 2
    }

    /// Where the value of the first field with this id stands in ``bytes``.
    public func range(of header: KnownHeader) -> ByteRange? {
        guard let index = firstIndex(of: header) else { return nil }
        return fields[index].value
    }

    /// Value of the first field with this id.
    @_lifetime(borrow self)
    public func value(of header: KnownHeader) -> Span<UInt8>? {
        guard let index = firstIndex(of: header) else { return nil }
        return slice(fields[index].value)
    }

    /// Value of the first field with this id as text, for a face or a test.
    public func string(of header: KnownHeader) -> String? {
        guard let index = firstIndex(of: header) else { return nil }
        return string(fields[index].value)
    }

    /// Value of the first field with this name (any case), for faces and tests.
    public func string(named name: String) -> String? {
        let wanted = Array(name.utf8)
        for field in fields where slice(field.name).equalsIgnoringCase(wanted.span) {
            return string(field.value)
        }
        return nil
    }

    /// Text of a slice; ill-formed UTF-8 is replaced.
    public func string(_ range: ByteRange) -> String { String(decoding: bytes[range.range], as: UTF8.self) }

    /// Values of all fields with this id, in order, joined by ", " (RFC 9110 §5.3). `Set-Cookie` must not be joined.
    public func joinedValue(of header: KnownHeader) -> [UInt8]? {
        guard contains(header) else { return nil }
        var out: [UInt8] = []
        for field in fields where field.id == header {
            if !out.isEmpty { out.append(contentsOf: [0x2C, 0x20]) }
            out.append(contentsOf: bytes[field.value.range])
        }
        return out
    }
}

extension HeaderBlock {
    /// Reads field lines that ``HeadWriter`` wrote, as a cache keeps them. Empty if they are malformed.
    public init(fieldLines: Span<UInt8>) {
        self.init()
        bytes.append(contentsOf: fieldLines)
        let lines = FieldLines(isLenient: false)
        let limits = WireLimits(fieldLineBytes: 65_535, headBytes: .max, fieldCount: .max)
        do throws(WireError) {
            try lines.parse(&self, from: 0, to: bytes.count, limits: limits)
        } catch {
            removeAll()
        }
    }
}

extension HeaderBlock {
    /// Whether a field of this name, in any case, is there that also satisfies a condition.
    public func contains(name: Span<UInt8>, where condition: (Field) -> Bool) -> Bool {
        let id = KnownHeader(name: name)
        guard contains(id) else { return false }
        for field in fields where field.id == id && condition(field) {
            if id != .other || slice(field.name).equalsIgnoringCase(name) { return true }
        }
        return false
    }

    /// Drops every field of this name, in any case.
    public mutating func remove(named name: Span<UInt8>) {
        guard contains(name: name, where: { _ in true }) else { return }
        var kept: [Field] = []
        for field in fields where !slice(field.name).equalsIgnoringCase(name) { kept.append(field) }
        fields = kept
        present = kept.reduce(0) { $0 | $1.id.bit }
    }
}
