/// The ranges of a Range field with the unit "bytes" (RFC 9110 §14.1.2).
public enum ByteRanges {
    /// What a Range field asks for of a representation of known length.
    public enum Selection: Sendable, Equatable {
        /// No ranges, another unit, malformed, or more than the limit: send the whole (§14.2 lets a server ignore it).
        case whole
        /// Ranges in the order asked for, none empty, none beyond the end.
        case parts([Range<UInt64>])
        /// No range overlaps the representation: 416.
        case unsatisfiable
    }

    /// - Parameter maximumCount: more ranges, or any that overlap, are an attack or a mistake and are ignored
    ///   (§17.15).
    public static func select(_ value: Span<UInt8>, length: UInt64, maximumCount: Int) -> Selection {
        guard value.count > 6, value.extracting(0..<6).equalsIgnoringCase("bytes=") else { return .whole }
        let specs = value.extracting(6...)
        var list = ListElements(specs)
        var parts: [Range<UInt64>] = []
        var count = 0
        while let element = list.next() {
            count += 1
            guard count <= maximumCount, let spec = Spec(list.slice(element)) else { return .whole }
            guard let range = spec.range(length: length) else { continue }
            parts.append(range)
        }
        guard count > 0 else { return .whole }
        guard !parts.isEmpty else { return .unsatisfiable }
        return overlap(parts) ? .whole : .parts(parts)
    }

    private static func overlap(_ parts: [Range<UInt64>]) -> Bool {
        guard parts.count > 1 else { return false }
        let sorted = parts.sorted { $0.lowerBound < $1.lowerBound }
        return zip(sorted, sorted.dropFirst()).contains { $0.upperBound > $1.lowerBound }
    }

    /// `first-last`, `first-`, or `-suffix`.
    private struct Spec {
        var first: UInt64?
        var last: UInt64?

        init?(_ bytes: Span<UInt8>) {
            guard let dash = bytes.firstOf(0x2D) else { return nil }
            if dash > 0 {
                guard let number = bytes.extracting(0..<dash).decimal() else { return nil }
                first = number
            }
            if dash + 1 < bytes.count {
                guard let number = bytes.extracting((dash + 1)...).decimal() else { return nil }
                last = number
            }
            if first == nil, last == nil { return nil }
            if let first, let last, last < first { return nil }
        }

        func range(length: UInt64) -> Range<UInt64>? {
            guard let first else {
                let suffix = min(last ?? 0, length)
                return suffix == 0 ? nil : length - suffix..<length
            }
            guard first < length else { return nil }
            return first..<min((last ?? length - 1) + 1, length)
        }
    }

    /// `Content-Range: bytes 0-4/10` of a 206 response; nil if malformed. The length is nil for "*".
    public static func contentRange(_ value: Span<UInt8>) -> (range: Range<UInt64>, length: UInt64?)? {
        guard value.count > 6, value.extracting(0..<6).equalsIgnoringCase("bytes ") else { return nil }
        let text = value.extracting(6...)
        guard let dash = text.firstOf(0x2D), let slash = text.firstOf(0x2F), dash < slash,
            let first = text.extracting(0..<dash).decimal(),
            let last = text.extracting(dash + 1..<slash).decimal(), first <= last
        else { return nil }
        let total = text.extracting((slash + 1)...)
        if total.count == 1, total[0] == 0x2A { return (first..<last + 1, nil) }
        guard let length = total.decimal(), last < length else { return nil }
        return (first..<last + 1, length)
    }
}

extension Span where Element == UInt8 {
    /// First index of an octet in a short text.
    func firstOf(_ byte: UInt8) -> Int? {
        var index = 0
        while index < count {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }
}
