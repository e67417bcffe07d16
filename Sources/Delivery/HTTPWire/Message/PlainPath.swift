import Bytes

/// A path in one spelling, for whoever asks what a request is about: `/%61dmin`, `//admin`, `/x/../admin` and
/// `/x%2f..%2fadmin` all reach what most origins call `/admin`. It is a path of a URL still.
///
/// - Percent signs stand for what a browser writes with them, in capital letters (URL Standard, path percent-encode set, and
///   the slash, which means something else when it is written so); one without two digits stands for itself.
/// - A backslash is a slash, and several slashes are one, also with parameters between them (`/;x/admin`).
/// - `.` and `..` are resolved (RFC 3986, 5.2.4), also with parameters (`..;x`), and also between slashes that are written
///   with a percent sign.
public enum PlainPath {
    /// It is spelled so already.
    public static func isPlain(_ path: Span<UInt8>) -> Bool {
        guard path.count > 0, path[0] == 0x2F else { return true }
        for index in path.indices {
            switch path[index] {
            case 0x25, 0x5C: return false
            case 0x2F where index + 1 < path.count && isOfNoName(path[index + 1]): return false
            default: continue
            }
        }
        return true
    }

    /// What begins with this is no segment, or may mean a folder.
    private static func isOfNoName(_ first: UInt8) -> Bool { first == 0x2F || first == 0x2E || first == 0x3B }

    /// - Precondition: it begins with a slash.
    public static func append(_ path: Span<UInt8>, to out: inout [UInt8]) {
        var text = decoded(path)
        if hasDots(text) { text = splitByEncodedSlashes(text) }
        let base = out.count
        var start = 1
        var endsWithSlash = false
        while start <= text.count {
            let end = text.span.firstIndex(of: 0x2F, from: start) ?? text.count
            let part = text[start..<end]
            start = end + 1
            switch dots(part) {
            case 1: endsWithSlash = true
            case 2:
                endsWithSlash = true
                removeLast(&out, from: base)
            default:
                endsWithSlash = part.isEmpty || part.first == 0x3B
                guard !endsWithSlash else { continue }
                out.append(0x2F)
                out.append(contentsOf: part)
            }
        }
        if endsWithSlash || out.count == base { out.append(0x2F) }
    }

    private static func removeLast(_ out: inout [UInt8], from base: Int) {
        var end = out.count
        while end > base, out[end - 1] != 0x2F { end -= 1 }
        out.removeSubrange(max(base, end - 1)...)
    }

    /// How many dots a segment consists of, where it means a folder: 1 or 2, else 0.
    private static func dots(_ part: ArraySlice<UInt8>) -> Int {
        var count = 0
        for byte in part {
            if byte == 0x3B { break }
            guard byte == 0x2E, count < 2 else { return 0 }
            count += 1
        }
        return count
    }

    private static func decoded(_ path: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            let byte = path[index]
            index += 1
            guard byte == 0x25, index + 1 < path.count, let high = digit(path[index]), let low = digit(path[index + 1])
            else {
                if byte == 0x25 {
                    out.append(contentsOf: [0x25, 0x32, 0x35])
                } else {
                    out.append(byte == 0x5C ? 0x2F : byte)
                }
                continue
            }
            index += 2
            let meant = high << 4 | low
            if isEncoded(meant) {
                out.append(0x25)
                out.append(capital(high))
                out.append(capital(low))
            } else {
                out.append(meant)
            }
        }
        return out
    }

    /// What a browser writes with a percent sign, and what would mean something else without one.
    private static func isEncoded(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F...0xFF: true
        case 0x22, 0x23, 0x25, 0x2F, 0x3C, 0x3E, 0x3F, 0x5C, 0x5E, 0x60, 0x7B, 0x7D: true
        default: false
        }
    }

    /// A segment means a folder, counting slashes that are written with percent signs.
    private static func hasDots(_ text: [UInt8]) -> Bool {
        splitByEncodedSlashes(text).split(separator: 0x2F).contains { dots($0) > 0 }
    }

    private static func splitByEncodedSlashes(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            // %2F and %5C
            if text[index] == 0x25, index + 2 < text.count,
                text[index + 1] == 0x32 && text[index + 2] == 0x46 || text[index + 1] == 0x35 && text[index + 2] == 0x43
            {
                out.append(0x2F)
                index += 3
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    private static func capital(_ digit: UInt8) -> UInt8 { digit < 10 ? digit + 0x30 : digit + 0x37 }
}
