import Bytes
import HTTPWire

extension CachePolicy {
    static func mayBeEncoded(_ response: ResponseHead, settings: CompressionSettings) -> Bool {
        guard response.framing != .none else { return false }
        var length: UInt64?
        if case .length(let announced) = response.framing { length = announced }
        return mayBeEncoded(response.block, status: response.status, length: length, settings: settings)
    }

    /// Whether clients that accept a coding get the response compressed: a whole response of a type that shrinks, not
    /// coded yet, and nobody forbids it (`no-transform`, RFC 9111 §5.2.2.6).
    /// - Parameter length: of the body, where it is known.
    static func mayBeEncoded(
        _ block: HeaderBlock, status: Int, length: UInt64?, settings: CompressionSettings
    ) -> Bool {
        !settings.codings.isEmpty
            && shrinks(
                block, status: status, length: length, sizes: (settings.minimumBytes, settings.maximumBytes),
                types: settings.typeBytes)
    }

    /// The same by the settings in a box, of which no copy is made: each answer that passes is asked about.
    static func mayBeEncoded(_ block: HeaderBlock, status: Int, length: UInt64?, box: CacheSettingsBox) -> Bool {
        !box.compression.codings.isEmpty
            && shrinks(
                block, status: status, length: length,
                sizes: (box.compression.minimumBytes, box.compression.maximumBytes), types: box.compression.typeBytes)
    }

    private static func shrinks(
        _ block: HeaderBlock, status: Int, length: UInt64?, sizes: (minimum: Int, maximum: Int), types: [[UInt8]]
    ) -> Bool {
        guard status == 200, !block.contains(.contentEncoding), !block.contains(.contentRange),
            let type = block.value(of: .contentType)
        else { return false }
        if let length, length < UInt64(sizes.minimum) || length > UInt64(sizes.maximum) { return false }
        var end = type.firstIndex(of: 0x3B) ?? type.count
        while end > 0, type[end - 1] == 0x20 || type[end - 1] == 0x09 { end -= 1 }
        let bare = type.extracting(0..<end)
        // A stream of small events, each of which must be there at once.
        if bare.equalsIgnoringCase("text/event-stream") { return false }
        let isShrinking = types.contains { pattern in
            guard pattern.last == 0x2A else { return bare.equalsIgnoringCase(pattern.span) }
            let prefix = pattern.count - 1
            return bare.count >= prefix
                && bare.extracting(0..<prefix).equalsIgnoringCase(pattern.span.extracting(0..<prefix))
        }
        return isShrinking && !CacheControl.forbidsTransforming(block)
    }

    /// Says that the response differs by `Accept-Encoding`, to the caches behind this one, unless it does already.
    static func addVary(to block: inout HeaderBlock) {
        if lacksVary(block) { block.append("Vary", "Accept-Encoding") }
    }

    static func lacksVary(_ block: HeaderBlock) -> Bool {
        guard block.contains(.vary) else { return true }
        let list = VaryList(block)
        return !list.matchesNothing && !list.names.contains(Array("accept-encoding".utf8))
    }
}
