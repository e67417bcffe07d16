import Bytes

/// `len`, `join`, `string_split`, `list_delitem` and what asks about values.
extension Machine {
    mutating func callCollection(
        _ function: Function, _ arguments: Arguments, _ page: inout Page
    ) throws(ESIFault) -> Value {
        switch function {
        case .len: return .integer(try length(arguments, &page))
        case .join: return try join(arguments, &page)
        case .stringSplit: return try split(arguments, &page)
        case .listDelitem: return try deleteItem(arguments, &page)
        case .exists:
            let value = try argument(0, arguments, &page)
            switch value {
            case .undefined: return .bool(false)
            case .text, .list, .dictionary: return .bool(value.isTrue)
            default: return .bool(true)
            }
        case .isEmpty:
            let value = try argument(0, arguments, &page)
            switch value {
            case .text, .list, .dictionary: return .bool(!value.isTrue)
            default: return .bool(false)
            }
        case .int:
            let value = try argument(0, arguments, &page)
            if case .text(let text) = value { return .integer(text.leadingInteger) }
            return .integer(value.integer ?? 0)
        default:
            let value = try number(0, arguments, &page, "bin_int")
            let word = UInt32(truncatingIfNeeded: value)
            return .text(Text((0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }))
        }
    }

    private mutating func length(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Int64 {
        let whole = try argument(0, arguments, &page)
        switch whole {
        case .undefined: return 0
        case .text(let text): return Int64(text.bytes.count)
        case .list(let items): return Int64(items.count)
        case .dictionary(let dictionary): return Int64(dictionary.count)
        default: return Int64(whole.asText.bytes.count)
        }
    }

    private mutating func join(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Value {
        let whole = try collection(
            arguments.program.child(arguments.children, 0), arguments.program, &page)
        let separator = arguments.count > 1 ? try text(1, arguments, &page) : Text(" ")
        guard case .list(let items) = whole else {
            throw .expression("not_a_list", "$join needs a list, and this is \(whole.typeName)")
        }
        var out: [UInt8] = []
        for (index, item) in items.enumerated() {
            if index > 0 { out.append(contentsOf: separator.bytes) }
            item.append(to: &out)
            try page.check(size: out.count)
        }
        return .text(Text(out, taint: whole.taint.union(separator.taint)))
    }

    private mutating func split(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Value {
        let text = try text(0, arguments, &page)
        let separator = arguments.count > 1 ? try self.text(1, arguments, &page) : Text(" ")
        var left = arguments.count > 2 ? try number(2, arguments, &page, "string_split") : .max
        var items: [Value] = []
        let span = text.span
        let base = text.bytes.startIndex
        func part(_ start: Int, _ end: Int) -> Value {
            .text(Text(text.bytes[base + start..<base + end], taint: text.taint))
        }
        var position = 0
        while left > 0 {
            // An empty separator divides into bytes.
            let found =
                separator.isEmpty
                ? (position + 1 < span.count ? position + 1 : nil) : span.firstIndex(of: separator.span, from: position)
            guard let found else { break }
            items.append(part(position, found))
            try page.check(items: items.count)
            position = found + separator.bytes.count
            left -= 1
        }
        items.append(part(position, span.count))
        return .list(items)
    }

    private mutating func deleteItem(_ arguments: Arguments, _ page: inout Page) throws(ESIFault) -> Value {
        let whole = try argument(0, arguments, &page)
        guard case .list(var items) = whole else {
            if whole.isUndefined { return .list([]) }
            throw .expression("not_a_list", "$list_delitem needs a list, and this is \(whole.typeName)")
        }
        let index = try number(1, arguments, &page, "list_delitem")
        if index >= 0, index < Int64(items.count) { items.remove(at: Int(index)) }
        return .list(items)
    }
}

extension Text {
    /// The integer that the text begins with, blanks aside; 0 where it begins with none.
    var leadingInteger: Int64 {
        var start = bytes.startIndex
        while start < bytes.endIndex, bytes[start].isBlank { start += 1 }
        var end = start
        if end < bytes.endIndex, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+") { end += 1 }
        while end < bytes.endIndex, bytes[end].isDigit { end += 1 }
        return Text(bytes[start..<end]).integer ?? 0
    }
}
