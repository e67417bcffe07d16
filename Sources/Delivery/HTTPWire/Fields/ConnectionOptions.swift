/// The field names that `Connection` nominates to end at this hop (RFC 9110 §7.6.1).
public struct ConnectionOptions: Sendable {
    public private(set) var known: HeaderSet
    /// Lower-cased names without an id.
    private var others: [[UInt8]]

    /// Fields that a message can't do without; nominating them is an attack or a mistake and is ignored.
    private static let protected: HeaderSet = [
        .host, .contentLength, .contentType, .contentEncoding, .contentRange, .cacheControl, .age, .date, .expires,
        .vary, .etag, .lastModified, .authorization, .setCookie, .cookie, .range, .ifMatch, .ifNoneMatch,
        .ifModifiedSince, .ifUnmodifiedSince, .ifRange, .expect, .location,
    ]

    public init(_ block: borrowing HeaderBlock) {
        self.known = HeaderSet()
        self.others = []
        guard block.contains(.connection) else { return }
        for field in block.fields where field.id == .connection {
            var list = ListElements(block.slice(field.value))
            while let element = list.next() { add(list.slice(element)) }
        }
        known = known.subtracting(ConnectionOptions.protected)
    }

    private mutating func add(_ name: Span<UInt8>) {
        let id = KnownHeader(name: name)
        guard id == .other else { return known.insert(id) }
        guard !name.equalsIgnoringCase("close"), others.count < 32 else { return }
        var lowered: [UInt8] = []
        for index in name.indices { lowered.append(name[index].asciiLowercased) }
        others.append(lowered)
    }

    /// Whether the field ends here.
    public func nominates(_ field: HeaderBlock.Field, of block: HeaderBlock) -> Bool {
        if field.id != .other { return known.contains(field.id) }
        guard !others.isEmpty else { return false }
        return others.contains { block.slice(field.name).equalsIgnoringCase($0.span) }
    }
}
