import Bytes
public import Codings
public import HTTPWire

/// How a response that is not stored goes to one client.
public struct LiveEncoding: Sendable {
    /// Clients that accept a coding get it compressed, which `Vary` says to all.
    public private(set) var varies = false
    /// What this one gets; nil is the original.
    public private(set) var coding: ContentCoding?

    /// The response as it came.
    public static let none = LiveEncoding()

    private init() {}

    /// For a client that takes no coding.
    /// - Parameters:
    ///   - fields: of the response.
    ///   - length: of its body, where it is known.
    public init(_ fields: borrowing HeaderBlock, status: Int, length: UInt64?, box: borrowing CacheSettingsBox) {
        varies =
            box.compression.encodesPassed
            && CachePolicy.mayBeEncoded(fields, status: status, length: length, box: box)
    }

    public init(
        _ fields: borrowing HeaderBlock, status: Int, length: UInt64?, to request: borrowing HeaderBlock,
        box: borrowing CacheSettingsBox
    ) {
        self.init(fields, status: status, length: length, box: box)
        guard varies, request.contains(.acceptEncoding),
            !request.contains(.cacheControl) || !CacheControl(request).flags.contains(.noTransform)
        else { return }
        coding = AcceptEncoding.choose(request, among: box.compression.codings)
    }

    /// The same where it can't be compressed after all.
    public var withoutCoding: LiveEncoding {
        var plain = self
        plain.coding = nil
        return plain
    }

    /// Makes a response's fields those of what is sent, but for `Vary`.
    public func apply(to block: inout HeaderBlock) {
        guard let coding else { return }
        for name in EncodedHead.digests { block.remove(named: name.span) }
        block.remove(.acceptRanges)
        block.append("Content-Encoding", coding.token)
        guard let tag = block.joinedValue(of: .etag) else { return }
        let suffixed = EncodedTag.suffixed(tag.span, coding)
        block.remove(.etag)
        block.append("ETag", suffixed)
    }

    /// Says that the response differs by `Accept-Encoding`, unless its own `Vary` does.
    public func writeVary(_ writer: inout HeadWriter, _ block: HeaderBlock) {
        if varies, CachePolicy.lacksVary(block) { writer.field("Vary", "Accept-Encoding" as StaticString) }
    }
}
