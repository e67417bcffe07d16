import Bytes

/// Character references of XML and HTML.
enum Entities {
    /// Replaces the five references of XML and numbers, which an attribute may hold; everything else stays.
    /// - Parameter names: further names and what they stand for.
    static func decodeMarkup(_ bytes: Span<UInt8>, names: [[UInt8]: [UInt8]] = [:]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while let found = bytes.firstIndex(of: UInt8(ascii: "&"), from: index) {
            out.append(contentsOf: bytes.extracting(index..<found))
            guard let end = reference(bytes, from: found, names, to: &out) else {
                out.append(UInt8(ascii: "&"))
                index = found + 1
                continue
            }
            index = end
        }
        out.append(contentsOf: bytes.extracting(index..<bytes.count))
        return out
    }

    /// Appends what the reference at `start` stands for; returns the index behind it.
    private static func reference(
        _ bytes: Span<UInt8>, from start: Int, _ names: [[UInt8]: [UInt8]], to out: inout [UInt8]
    ) -> Int? {
        let limit = min(bytes.count, start + 12)
        var end = start + 1
        while end < limit, bytes[end] != UInt8(ascii: ";") { end += 1 }
        guard end < limit else { return nil }
        let name = bytes.extracting(start + 1..<end)
        if name.count > 1, name[0] == UInt8(ascii: "#") {
            guard let scalar = number(name) else { return nil }
            out.append(contentsOf: String(Character(scalar)).utf8)
            return end + 1
        }
        for (known, byte) in named where name.isEqual(to: known) {
            out.append(byte)
            return end + 1
        }
        guard !names.isEmpty, let text = names[Array(name)] else { return nil }
        out.append(contentsOf: text)
        return end + 1
    }

    private static let named: [(StaticString, UInt8)] = [
        ("amp", 0x26), ("lt", 0x3C), ("gt", 0x3E), ("quot", 0x22), ("apos", 0x27),
    ]

    private static func number(_ name: Span<UInt8>) -> Unicode.Scalar? {
        var value: UInt32 = 0
        let isHexadecimal = name[1] | 0x20 == UInt8(ascii: "x")
        var index = isHexadecimal ? 2 : 1
        guard index < name.count else { return nil }
        while index < name.count {
            guard let digit = name[index].hexadecimal, isHexadecimal || digit < 10 else { return nil }
            value = value &* (isHexadecimal ? 16 : 10) &+ UInt32(digit)
            index += 1
            if value > 0x10FFFF { return nil }
        }
        return value == 0 ? nil : Unicode.Scalar(value)
    }

    /// Appends text so that it is text in markup and in quoted attributes.
    static func encode(_ bytes: Span<UInt8>, to out: inout [UInt8]) {
        var start = 0
        for index in bytes.indices {
            let replacement: StaticString
            switch bytes[index] {
            case UInt8(ascii: "<"): replacement = "&lt;"
            case UInt8(ascii: ">"): replacement = "&gt;"
            case UInt8(ascii: "&"): replacement = "&amp;"
            case UInt8(ascii: "\""): replacement = "&quot;"
            case UInt8(ascii: "'"): replacement = "&#39;"
            default: continue
            }
            out.append(contentsOf: bytes.extracting(start..<index))
            out.append(contentsOf: replacement)
            start = index + 1
        }
        out.append(contentsOf: bytes.extracting(start..<bytes.count))
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    var hexadecimal: UInt8? {
        if self &- 48 < 10 { return self &- 48 }
        let letter = self | 0x20
        return letter &- 0x61 < 6 ? letter &- 0x61 &+ 10 : nil
    }
}
