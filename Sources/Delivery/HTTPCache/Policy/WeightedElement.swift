import Bytes

/// An element of a list with weights: `gzip;q=0.5` (RFC 9110 §12.4.2).
enum WeightedElement {
    /// Length of the name, and the weight in thousandths; a malformed one counts as 0.
    static func split(_ element: Span<UInt8>) -> (name: Int, weight: Int) {
        guard let semicolon = element.firstIndex(of: 0x3B) else { return (element.count, 1000) }
        var end = semicolon
        while end > 0, element[end - 1] == 0x20 || element[end - 1] == 0x09 { end -= 1 }
        var start = semicolon + 1
        while start < element.count, element[start] == 0x20 || element[start] == 0x09 { start += 1 }
        guard start + 2 < element.count, element[start] | 0x20 == 0x71, element[start + 1] == 0x3D else {
            return (end, 0)
        }
        return (end, weight(element.extracting((start + 2)...)))
    }

    /// `0`, `0.5`, `1.000` (RFC 9110 §12.4.2) in thousandths.
    private static func weight(_ text: Span<UInt8>) -> Int {
        guard text.count <= 5, text[0] == 0x30 || text[0] == 0x31 else { return 0 }
        var value = Int(text[0] - 0x30) * 1000
        guard text.count > 1 else { return value }
        guard text[1] == 0x2E else { return 0 }
        var unit = 100
        for index in 2..<max(2, text.count) {
            guard text[index] &- 0x30 < 10 else { return 0 }
            value += Int(text[index] - 0x30) * unit
            unit /= 10
        }
        return value <= 1000 ? value : 0
    }
}
