import Bytes

/// Entity tags (RFC 9110 §8.8.3) as octets: `"abc"` or `W/"abc"`.
///
/// Origins also send tags without quotes; the edge compares those as they are.
public enum EntityTag {
    public static func isWeak(_ tag: Span<UInt8>) -> Bool {
        tag.count >= 2 && tag[0] == 0x57 && tag[1] == 0x2F
    }

    /// Weak comparison (§8.8.3.2): the opaque parts are the same.
    public static func weaklyEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        opaque(left).isEqual(to: opaque(right))
    }

    /// Strong comparison: the same, and neither is weak.
    public static func stronglyEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        !isWeak(left) && !isWeak(right) && left.isEqual(to: right)
    }

    /// Whether an If-None-Match or If-Match field matches.
    /// - Parameters:
    ///   - tag: the selected representation's tag, or nil if it has none; "*" matches even then.
    ///   - isStrong: If-Match compares strongly, If-None-Match weakly (§13.1).
    public static func matches(
        _ block: HeaderBlock, _ header: KnownHeader, tag: Span<UInt8>?, isStrong: Bool
    ) -> Bool {
        for field in block.fields where field.id == header {
            let value = block.slice(field.value)
            if value.count == 1, value[0] == 0x2A { return true }
            guard let tag else { continue }
            var list = ListElements(value)
            while let element = list.next() {
                let candidate = list.slice(element)
                if isStrong ? stronglyEqual(candidate, tag) : weaklyEqual(candidate, tag) { return true }
            }
        }
        return false
    }

    @_lifetime(copy tag)
    private static func opaque(_ tag: Span<UInt8>) -> Span<UInt8> {
        isWeak(tag) ? tag.extracting(2...) : tag
    }
}
