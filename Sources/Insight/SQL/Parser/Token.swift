/// A lexical element and where it stands.
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// An unquoted word. `keyword` is set where the word could be one: never beside a dot.
        case word(keyword: Keyword?)
        /// A name in back-ticks.
        case quotedName
        /// `'…'`, its quotes undone.
        case text
        /// `X'…'`, the digits.
        case binary
        /// Digits, with a point or an exponent perhaps.
        case number
        case symbol(Symbol)
        case end
    }

    var kind: Kind
    /// The word, name, text or number; the symbol as written.
    var text: String
    var position: SourcePosition
    /// Its place in the text, bytes of UTF-8.
    var bytes = 0..<0

    var keyword: Keyword? {
        if case .word(let keyword) = kind { return keyword }
        return nil
    }

    /// How messages show it.
    var shown: String {
        switch kind {
        case .end: "the end of the text"
        case .text: "'\(text.prefix(40))'"
        case .quotedName: "`\(text.prefix(40))`"
        default: "'\(text.prefix(40))'"
        }
    }
}

enum Symbol: String, Hashable, Sendable {
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case comma = ","
    case dot = "."
    case semicolon = ";"
    case star = "*"
    case plus = "+"
    case minus = "-"
    case slash = "/"
    case percent = "%"
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case concat = "||"
    /// Between a parameter's name and its argument.
    case arrow = "=>"
    // Of row patterns.
    case leftBrace = "{"
    case rightBrace = "}"
    case question = "?"
    case bar = "|"
    // Around hints.
    case hintStart = "/*+"
    case hintEnd = "*/"
}
