/// Text to tokens. Key words and names keep their spelling; comments (`--` to the end of the line, `/* */`) and
/// blanks are skipped.
struct Lexer {
    private let bytes: [UInt8]
    private var index = 0
    private var line: UInt32 = 1
    private var column: UInt32 = 1
    private var tokens: [Token] = []
    /// Where the token that is being read begins.
    private var tokenStart = 0
    /// Between `/*+` and `*/`, which mean nothing elsewhere.
    private var isInHint = false

    private init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The tokens of `text`, `.end` last.
    static func tokens(of text: String, limits: SQLLimits) throws(SQLError) -> [Token] {
        guard text.utf8.count <= limits.maximumTextBytes else {
            throw SQLError(
                .limitExceeded,
                "the text is \(text.utf8.count) bytes long, and \(limits.maximumTextBytes) are the most", at: .start)
        }
        var lexer = Lexer(text)
        var goesOn = true
        while goesOn {
            goesOn = try lexer.next()
            lexer.tokens[lexer.tokens.count - 1].bytes = lexer.tokenStart..<lexer.index
        }
        return lexer.tokens
    }

    private var position: SourcePosition { SourcePosition(line: line, column: column) }

    private func peek(_ distance: Int = 0) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    /// Steps over one byte; continuation bytes of UTF-8 don't count as columns.
    private mutating func advance() {
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if byte & 0xC0 != 0x80 {
            column += 1
        }
    }

    /// Appends the next token; false after the last.
    private mutating func next() throws(SQLError) -> Bool {
        try skipBlanksAndComments()
        let start = position
        tokenStart = index
        if hintBorder(at: start) { return true }
        guard let byte = peek() else {
            tokens.append(Token(kind: .end, text: "", position: start))
            return false
        }
        switch byte {
        case UInt8(ascii: "'"):
            let text = try quoted(by: byte, what: "text", at: start)
            tokens.append(Token(kind: .text, text: text, position: start))
        case UInt8(ascii: "`"):
            let name = try quoted(by: byte, what: "name", at: start)
            guard !name.isEmpty else { throw SQLError(.syntax, "a name can't be empty", at: start) }
            tokens.append(Token(kind: .quotedName, text: name, position: start))
        case UInt8(ascii: "\""):
            throw SQLError(
                .syntax, "double quotes mean nothing here", at: start,
                suggestion: "write 'text' in single quotes and `names` in back-ticks")
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            if peek(1) == UInt8(ascii: "'") { try binary(at: start) } else { word(at: start) }
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            try number(at: start)
        case UInt8(ascii: ".") where Self.isDigit(peek(1)):
            try number(at: start)
        default:
            if Self.isNameStart(byte) { word(at: start) } else { try symbol(byte, at: start) }
        }
        return true
    }

    private mutating func skipBlanksAndComments() throws(SQLError) {
        while let byte = peek() {
            if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) {
                advance()
            } else if byte == UInt8(ascii: "-"), peek(1) == byte {
                while let next = peek(), next != UInt8(ascii: "\n") { advance() }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*"), peek(2) != UInt8(ascii: "+") {
                try skipBlockComment()
            } else if byte == 0xC2, peek(1) == 0xA0 {
                // A no-break space out of a web page.
                advance()
                advance()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() throws(SQLError) {
        let start = position
        advance()
        advance()
        while let byte = peek() {
            if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                advance()
                advance()
                return
            }
            advance()
        }
        throw SQLError(.syntax, "the comment never ends", at: start, suggestion: "close it with */")
    }

    /// Appends `/*+`, or the `*/` that ends it.
    private mutating func hintBorder(at start: SourcePosition) -> Bool {
        let symbol: Symbol
        if peek() == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*"), peek(2) == UInt8(ascii: "+") {
            symbol = .hintStart
        } else if isInHint, peek() == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
            symbol = .hintEnd
        } else {
            return false
        }
        isInHint = symbol == .hintStart
        for _ in symbol.rawValue.utf8 { advance() }
        tokens.append(Token(kind: .symbol(symbol), text: symbol.rawValue, position: start))
        return true
    }

    /// The content between two quotes; a doubled quote stands for one.
    private mutating func quoted(by quote: UInt8, what: String, at start: SourcePosition) throws(SQLError) -> String {
        advance()
        var content: [UInt8] = []
        while let byte = peek() {
            advance()
            if byte != quote {
                content.append(byte)
            } else if peek() == quote {
                content.append(quote)
                advance()
            } else {
                return String(decoding: content, as: UTF8.self)
            }
        }
        let mark = String(UnicodeScalar(quote))
        throw SQLError(.syntax, "the \(what) never ends", at: start, suggestion: "close it with \(mark)")
    }

    private mutating func binary(at start: SourcePosition) throws(SQLError) {
        advance()
        let digits = try quoted(by: UInt8(ascii: "'"), what: "binary literal", at: start)
        tokens.append(Token(kind: .binary, text: digits, position: start))
    }

    private mutating func number(at start: SourcePosition) throws(SQLError) {
        let first = index
        while Self.isDigit(peek()) { advance() }
        if peek() == UInt8(ascii: ".") {
            advance()
            while Self.isDigit(peek()) { advance() }
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            let isSigned = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if Self.isDigit(peek(isSigned ? 2 : 1)) {
                advance()
                if isSigned { advance() }
                while Self.isDigit(peek()) { advance() }
            }
        }
        if let byte = peek(), Self.isNameStart(byte) {
            throw SQLError(
                .syntax, "a number runs into a name", at: start,
                suggestion: "put a blank after the number, or the name in back-ticks")
        }
        tokens.append(
            Token(kind: .number, text: String(decoding: bytes[first..<index], as: UTF8.self), position: start))
    }

    private mutating func word(at start: SourcePosition) {
        let first = index
        repeat { advance() } while peek().map(Self.isNamePart) == true
        let text = String(decoding: bytes[first..<index], as: UTF8.self)
        // A part of a dotted name is never a key word: `group.id`, `event.end`.
        let follows = tokens.last?.kind == .symbol(.dot)
        let leads =
            peek() == UInt8(ascii: ".") && peek(1).map { Self.isNameStart($0) || $0 == UInt8(ascii: "`") } == true
        let keyword = follows || leads ? nil : Keyword(word: text)
        tokens.append(Token(kind: .word(keyword: keyword), text: text, position: start))
    }

    private mutating func symbol(_ byte: UInt8, at start: SourcePosition) throws(SQLError) {
        if let second = peek(1), byte < 0x80, second < 0x80 {
            let pair = String(decoding: [byte, second], as: UTF8.self)
            let known = pair == "!=" ? .notEqual : Symbol(rawValue: pair)
            if let known, known != .hintEnd {
                advance()
                advance()
                tokens.append(Token(kind: .symbol(known), text: pair, position: start))
                return
            }
            if pair == "::" {
                throw SQLError(.syntax, "'::' is not SQL here", at: start, suggestion: "write CAST(value AS type)")
            }
            if pair == "==" {
                throw SQLError(.syntax, "'==' is not SQL", at: start, suggestion: "write =")
            }
        }
        guard byte < 0x80, let known = Symbol(rawValue: String(UnicodeScalar(byte))) else {
            throw SQLError(.syntax, "the character \(shownCharacter()) means nothing here", at: start)
        }
        advance()
        tokens.append(Token(kind: .symbol(known), text: known.rawValue, position: start))
    }

    private func shownCharacter() -> String {
        let byte = bytes[index]
        if byte < 0x20 || byte == 0x7F { return "with code \(byte)" }
        if byte < 0x80 { return "'\(UnicodeScalar(byte))'" }
        let end = bytes[(index + 1)...].prefix(3).firstIndex { $0 & 0xC0 != 0x80 } ?? min(index + 4, bytes.count)
        return "'\(String(decoding: bytes[index..<end], as: UTF8.self))'"
    }

    private static func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// Letters, `_`, `@` (for `@timestamp`) and everything beyond ASCII.
    private static func isNameStart(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z") && byte < 0x80 || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "@") || byte >= 0x80
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        isNameStart(byte) && byte != UInt8(ascii: "@") || isDigit(byte) || byte == UInt8(ascii: "$")
    }
}
