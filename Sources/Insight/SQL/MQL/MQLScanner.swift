/// Reads MQL's text, whose words depend on where they stand: a property's name may hold nearly every character.
struct MQLScanner {
    private let bytes: [UInt8]
    private(set) var index = 0
    private var line: UInt32 = 1
    private var column: UInt32 = 1

    init(_ text: String) { bytes = Array(text.utf8) }

    var position: SourcePosition { SourcePosition(line: line, column: column) }

    var isAtEnd: Bool { index >= bytes.count }

    func peek(_ distance: Int = 0) -> UInt8? { index + distance < bytes.count ? bytes[index + distance] : nil }

    /// Steps over one byte; continuation bytes of UTF-8 don't count as columns.
    mutating func advance() {
        guard index < bytes.count else { return }
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if byte & 0xC0 != 0x80 {
            column += 1
        }
    }

    mutating func skipBlanks() {
        while let byte = peek(), byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) { advance() }
    }

    /// Steps over these characters and the blanks behind them, if they come next.
    mutating func accept(_ symbol: StaticString) -> Bool {
        let wanted = symbol.withUTF8Buffer { Array($0) }
        guard bytes[min(index, bytes.count)...].starts(with: wanted) else { return false }
        for _ in wanted { advance() }
        skipBlanks()
        return true
    }

    mutating func expect(_ symbol: StaticString) throws(SQLError) {
        guard accept(symbol) else { throw unexpected("'\(symbol)'") }
    }

    /// Letters that come next, without stepping over them.
    var upcomingWord: String {
        var end = index
        while end < bytes.count, Self.isLetter(bytes[end]) { end += 1 }
        // `order-id` is a name and no key word.
        guard end == bytes.count || !Self.isNamePart(bytes[end]) else { return "" }
        return String(decoding: bytes[index..<end], as: UTF8.self).lowercased()
    }

    /// Steps over a key word, in whatever case, and the blanks behind it.
    mutating func accept(word: String) -> Bool {
        guard upcomingWord == word else { return false }
        for _ in word.utf8 { advance() }
        skipBlanks()
        return true
    }

    /// The characters of a name that stands alone.
    mutating func name() -> String {
        let first = index
        while let byte = peek(), Self.isNamePart(byte) { advance() }
        let text = String(decoding: bytes[first..<index], as: UTF8.self)
        skipBlanks()
        return text
    }

    /// `'text'` or `"text"`, a backslash taking what follows as it is.
    mutating func text(_ what: String) throws(SQLError) -> String {
        let start = position
        guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw unexpected(what)
        }
        advance()
        var content: [UInt8] = []
        while let byte = peek() {
            advance()
            if byte == quote {
                skipBlanks()
                return String(decoding: content, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), let escaped = peek() {
                content.append(escaped)
                advance()
            } else {
                content.append(byte)
            }
        }
        throw SQLError(.syntax, "the text never ends", at: start, suggestion: "close it with \(UnicodeScalar(quote))")
    }

    /// `/expression/`; `\/` stands for a slash.
    mutating func regularExpression() throws(SQLError) -> String {
        let start = position
        guard peek() == UInt8(ascii: "/") else { throw unexpected("/a regular expression/") }
        advance()
        var content: [UInt8] = []
        while let byte = peek() {
            advance()
            if byte == UInt8(ascii: "/") {
                skipBlanks()
                return String(decoding: content, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), let escaped = peek() {
                if escaped != UInt8(ascii: "/") { content.append(byte) }
                content.append(escaped)
                advance()
            } else {
                content.append(byte)
            }
        }
        throw SQLError(.syntax, "the regular expression never ends", at: start, suggestion: "close it with /")
    }

    /// A number with its sign, if one comes next.
    mutating func number() -> String? {
        let sign = peek() == UInt8(ascii: "-") ? 1 : 0
        guard let first = peek(sign), Self.isDigit(first) else { return nil }
        var end = index + sign
        while end < bytes.count, Self.isDigit(bytes[end]) || Self.continuesNumber(bytes, end, from: index) { end += 1 }
        // `2xx.count` is a name.
        guard end == bytes.count || !Self.isNamePart(bytes[end]) || bytes[end] == UInt8(ascii: "%") else { return nil }
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        while index < end { advance() }
        skipBlanks()
        return text
    }

    func unexpected(_ expected: String, suggestion: String? = nil) -> SQLError {
        var end = index
        while end < bytes.count, end - index < 40, bytes[end] > 0x20 { end += 1 }
        let found =
            isAtEnd ? "the end of the text" : "'\(String(decoding: bytes[index..<max(end, index)], as: UTF8.self))'"
        return SQLError(.syntax, "expected \(expected), found \(found)", at: position, suggestion: suggestion)
    }

    private static func continuesNumber(_ bytes: [UInt8], _ end: Int, from start: Int) -> Bool {
        switch bytes[end] {
        case UInt8(ascii: "."): end + 1 < bytes.count && isDigit(bytes[end + 1])
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            end + 1 < bytes.count && (isDigit(bytes[end + 1]) || bytes[end + 1] == UInt8(ascii: "-"))
        case UInt8(ascii: "-"): end > start && bytes[end - 1] | 0x20 == UInt8(ascii: "e")
        default: false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte < 0x80 && byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
    }

    private static func isNamePart(_ byte: UInt8) -> Bool { byte > 0x20 && !"\",'*()=!<>~[]{}|&".utf8.contains(byte) }
}
