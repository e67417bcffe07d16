import Bytes
import HTTPWire

extension CachePolicy {
    /// Whether clients that accept a coding get the response compressed: a whole response of a type that shrinks, not
    /// coded yet, and nobody forbids it (`no-transform`, RFC 9111 §5.2.2.6).
    static func mayBeEncoded(_ response: ResponseHead, settings: CompressionSettings) -> Bool {
        let block = response.block
        guard !settings.codings.isEmpty, response.status == 200, !block.contains(.contentEncoding),
            !block.contains(.contentRange), !CacheControl(block).flags.contains(.noTransform),
            !CacheControl.forCDN(block).flags.contains(.noTransform), let type = block.value(of: .contentType)
        else { return false }
        if case .length(let length) = response.framing {
            guard
                (UInt64(settings.minimumBytes)...UInt64(max(settings.minimumBytes, settings.maximumBytes)))
                    .contains(length)
            else { return false }
        }
        if response.framing == .none { return false }
        var end = type.firstIndex(of: 0x3B) ?? type.count
        while end > 0, type[end - 1] == 0x20 || type[end - 1] == 0x09 { end -= 1 }
        let bare = type.extracting(0..<end)
        return settings.typeBytes.contains { pattern in
            guard pattern.last == 0x2A else { return bare.equalsIgnoringCase(pattern.span) }
            let prefix = pattern.count - 1
            return bare.count >= prefix
                && bare.extracting(0..<prefix).equalsIgnoringCase(pattern.span.extracting(0..<prefix))
        }
    }

    /// Says that the response differs by `Accept-Encoding`, to the caches behind this one, unless it does already.
    static func addVary(to block: inout HeaderBlock) {
        let list = VaryList(block)
        guard !list.matchesNothing, !list.names.contains(Array("accept-encoding".utf8)) else { return }
        block.append("Vary", "Accept-Encoding")
    }
}
