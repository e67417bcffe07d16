import Columns

extension Kernel {
    /// `OVERLAY`: positions from 1; a position outside of the text leaves it as it is, as in Flink.
    func overlaid(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let parts = arguments[1].operand.texts()
        let starts = arguments[2].operand.int64s()
        let lengths = arguments.count > 3 ? arguments[3].operand.int64s() : nil
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let length = Int64(UTF8Text.length(text))
            guard starts[row] >= 1, starts[row] <= length else {
                texts.append(row, to: &output)
                return true
            }
            let wanted = lengths?[row] ?? Int64(UTF8Text.length(parts.text(row)))
            let lower = UTF8Text.offset(text, Int(starts[row]) - 1)
            texts.append(row, 0..<lower, to: &output)
            parts.append(row, to: &output)
            // A negative length takes all up to the end.
            guard wanted >= 0, wanted < length else { return true }
            let upper = UTF8Text.offset(text, Int(wanted), from: lower)
            texts.append(row, upper..<text.count, to: &output)
            return true
        }
    }

    /// `TRANSLATE`: each character of the second text becomes the one at its place in the third, or nothing.
    func translated(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let from = arguments[1].operand.texts()
        let to = arguments[2].operand.texts()
        return try made(arguments, count) { row, output in
            let text = texts.text(row)
            let wanted = from.text(row)
            let replacements = to.text(row)
            var index = 0
            while index < text.count {
                let next = UTF8Text.next(text, index)
                if let place = Self.place(of: text.extracting(index..<next), in: wanted) {
                    let lower = UTF8Text.offset(replacements, place)
                    if lower < replacements.count {
                        to.append(row, lower..<UTF8Text.next(replacements, lower), to: &output)
                    }
                } else {
                    texts.append(row, index..<next, to: &output)
                }
                index = next
            }
            return true
        }
    }

    /// The number of a character in a text, from 0.
    private static func place(of character: Span<UInt8>, in text: Span<UInt8>) -> Int? {
        var index = 0
        var number = 0
        while index < text.count {
            let next = UTF8Text.next(text, index)
            if ByteOrder.areEqual(text.extracting(index..<next), character) { return number }
            index = next
            number += 1
        }
        return nil
    }

    /// `ELT(n, a, b, …)`: the n-th of the texts, from 1; null for any other n.
    func chosen(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let numbers = arguments[0].operand.int64s()
        let choices = arguments.dropFirst().map { $0.operand.texts() }
        let valid = arguments.map { $0.operand.validity(count) }
        return try made([arguments[0]], count) { row, output in
            guard numbers[row] >= 1, numbers[row] <= Int64(choices.count) else { return false }
            let choice = Int(numbers[row])
            if let valid = valid[choice], !valid[row] { return false }
            choices[choice - 1].append(row, to: &output)
            return true
        }
    }

    /// `PARSE_URL(url, part[, key])`: null where there is no such part.
    func urlPart(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let parts = arguments[1].operand.texts()
        let keys = arguments.count > 2 ? arguments[2].operand.texts() : nil
        return try made(arguments, count) { row, output in
            let url = texts.text(row)
            guard let pieces = URLPieces(url), var range = pieces.range(of: parts.text(row)) else { return false }
            if let keys {
                guard ByteOrder.areEqual(parts.text(row), Self.queryPart.span),
                    let value = URLPieces.value(of: keys.text(row), in: url, range)
                else { return false }
                range = value
            }
            texts.append(row, range, to: &output)
            return true
        }
    }

    private static let queryPart = Array("QUERY".utf8)
}

/// Where the parts of a URL lie (RFC 3986, section 3). A URL without a scheme has none.
private struct URLPieces {
    private let scheme: Range<Int>
    private let userInfo: Range<Int>?
    private let host: Range<Int>
    private let authority: Range<Int>
    private let path: Range<Int>
    private let query: Range<Int>?
    private let fragment: Range<Int>?
    private let count: Int

    init?(_ text: Span<UInt8>) {
        count = text.count
        guard let colon = Self.first(of: ":", in: text, 0..<text.count), colon > 0, colon + 2 < text.count,
            text[colon + 1] == UInt8(ascii: "/"), text[colon + 2] == UInt8(ascii: "/")
        else { return nil }
        scheme = 0..<colon
        let hash = Self.first(of: "#", in: text, colon..<text.count) ?? text.count
        fragment = hash < text.count ? (hash + 1)..<text.count : nil
        let question = Self.first(of: "?", in: text, colon..<hash) ?? hash
        query = question < hash ? (question + 1)..<hash : nil
        let slash = Self.first(of: "/", in: text, (colon + 3)..<question) ?? question
        path = slash..<question
        authority = (colon + 3)..<slash
        let at = Self.first(of: "@", in: text, authority)
        userInfo = at.map { (colon + 3)..<$0 }
        let name = (at.map { $0 + 1 } ?? colon + 3)..<slash
        // An IPv6 address stands in brackets.
        let bracket = Self.first(of: "]", in: text, name)
        let port = Self.first(of: ":", in: text, (bracket ?? name.lowerBound)..<slash)
        host = name.lowerBound..<(port ?? slash)
    }

    func range(of part: Span<UInt8>) -> Range<Int>? {
        var name: [UInt8] = []
        for index in 0..<min(part.count, 16) { name.append(part[index]) }
        switch String(decoding: name, as: UTF8.self) {
        case "PROTOCOL": return scheme
        case "HOST": return host
        case "AUTHORITY": return authority
        case "USERINFO": return userInfo
        case "PATH": return path
        case "QUERY": return query
        case "REF": return fragment
        case "FILE": return path.lowerBound..<(query?.upperBound ?? path.upperBound)
        default: return nil
        }
    }

    /// The value of the first parameter of that name.
    static func value(of key: Span<UInt8>, in text: Span<UInt8>, _ query: Range<Int>) -> Range<Int>? {
        var start = query.lowerBound
        while start <= query.upperBound {
            let end = first(of: "&", in: text, start..<query.upperBound) ?? query.upperBound
            let equals = first(of: "=", in: text, start..<end) ?? end
            if ByteOrder.areEqual(text.extracting(start..<equals), key) { return min(equals + 1, end)..<end }
            start = end + 1
        }
        return nil
    }

    private static func first(of character: Unicode.Scalar, in text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let byte = UInt8(ascii: character)
        for index in range where text[index] == byte { return index }
        return nil
    }
}
