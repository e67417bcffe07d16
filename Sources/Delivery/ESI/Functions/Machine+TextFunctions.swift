import Bytes

/// `lower` to `rindex`. Undefined counts as empty text; letters are those of ASCII, places count bytes.
extension Machine {
    mutating func callText(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        switch function {
        case .lower: return .text(try text(0, arguments, &page).mapped { $0.lowered })
        case .upper: return .text(try text(0, arguments, &page).mapped { $0.raised })
        case .strip: return .text(try text(0, arguments, &page).stripped(left: true, right: true))
        case .lstrip: return .text(try text(0, arguments, &page).stripped(left: true, right: false))
        case .rstrip: return .text(try text(0, arguments, &page).stripped(left: false, right: true))
        case .substr: return try substring(arguments, &page)
        case .replace: return try replace(arguments, &page)
        case .index, .rindex: return try index(function, arguments, &page)
        default:
            let value = try argument(0, arguments, &page)
            return .text(value.isUndefined ? Text("None") : value.asText)
        }
    }

    /// `substr(text, start, length)`: a negative start counts from the end, a negative length ends that far before it.
    private mutating func substring(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Value {
        let text = try text(0, arguments, &page)
        let count = Int64(text.bytes.count)
        var start = try number(1, arguments, &page, "substr")
        start = start < 0 ? max(0, count &+ start) : min(start, count)
        var end = count
        if arguments.count > 2 {
            let length = try number(2, arguments, &page, "substr")
            end = length < 0 ? max(start, count &+ length) : min(count, start &+ min(length, count))
        }
        let base = text.bytes.startIndex
        return .text(Text(text.bytes[base + Int(start)..<base + Int(max(start, end))], taint: text.taint))
    }

    /// `replace(text, what, with, times)`.
    private mutating func replace(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Value {
        let text = try text(0, arguments, &page)
        let needle = try self.text(1, arguments, &page)
        let replacement = try self.text(2, arguments, &page)
        var left = arguments.count > 3 ? try number(3, arguments, &page, "replace") : .max
        guard !needle.isEmpty else { return .text(text) }
        var out: [UInt8] = []
        var position = 0
        let span = text.span
        while left > 0, let found = span.firstIndex(of: needle.span, from: position) {
            out.append(contentsOf: span.extracting(position..<found))
            out.append(contentsOf: replacement.bytes)
            try page.check(size: out.count)
            position = found + needle.bytes.count
            left -= 1
        }
        out.append(contentsOf: span.extracting(position..<span.count))
        try page.check(size: out.count)
        return .text(Text(out, taint: text.taint.union(replacement.taint)))
    }

    /// Where a text first or last stands in another, -1 where it does not.
    private mutating func index(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        let whole = try argument(0, arguments, &page)
        let part = try argument(1, arguments, &page)
        if whole.isUndefined || part.isUndefined { return .integer(-1) }
        let text = whole.asText
        let needle = part.asText
        if function == .index {
            return .integer(Int64(text.span.firstIndex(of: needle.span, from: 0) ?? -1))
        }
        var start = text.bytes.count - needle.bytes.count
        while start >= 0 {
            if text.span.extracting(start..<start + needle.bytes.count).isEqual(to: needle.span) {
                return .integer(Int64(start))
            }
            start -= 1
        }
        return .integer(-1)
    }
}

extension Text {
    func mapped(_ change: (UInt8) -> UInt8) -> Text {
        Text(bytes.map(change), taint: taint)
    }

    func stripped(left: Bool, right: Bool) -> Text {
        var start = bytes.startIndex
        var end = bytes.endIndex
        if left { while start < end, bytes[start].isBlank { start += 1 } }
        if right { while end > start, bytes[end - 1].isBlank { end -= 1 } }
        return Text(bytes[start..<end], taint: taint)
    }
}
