/// Recursive descent over the tokens; expressions by operator precedence (`Parser+Operators.swift`).
struct Parser {
    let tokens: [Token]
    private let text: String
    let limits: SQLLimits
    private(set) var index = 0
    private var depth = 0
    /// The height of the expression tree that is being built, as far as it is.
    var height = 0
    /// Whether a comma separates tables: not inside of a window function.
    var allowsCommaJoin = true
    /// Of the statement that is being read, in the order of the text.
    var hints: [TableHint] = []
    /// Tables that the statement declares and fills.
    var filled: [TableDeclaration] = []
    /// Tables of the statements so far, for LIKE.
    var declared: [String: TableDeclaration] = [:]
    /// What the statement's comparisons with ALL and ANY come to so far.
    var quantifiedQueries = 0
    /// Where an alias without `AS` was read last: a misspelt key word lands there.
    var bareAliasIndex: Int?

    init(_ text: String, limits: SQLLimits) throws(SQLError) {
        self.tokens = try Lexer.tokens(of: text, limits: limits)
        self.text = text
        self.limits = limits
    }

    // MARK: Looking

    var token: Token { tokens[index] }

    func lookahead(_ distance: Int) -> Token { tokens[min(index + distance, tokens.count - 1)] }

    func at(_ keyword: Keyword) -> Bool { token.keyword == keyword }

    func at(_ symbol: Symbol) -> Bool { token.kind == .symbol(symbol) }

    /// What was read since the token of that index, as it was written.
    func source(since start: Int) -> String {
        guard start < index else { return "" }
        let utf8 = text.utf8
        let end = utf8.index(utf8.startIndex, offsetBy: tokens[index - 1].bytes.upperBound)
        return String(text[utf8.index(utf8.startIndex, offsetBy: tokens[start].bytes.lowerBound)..<end])
    }

    // MARK: Stepping

    @discardableResult
    mutating func advance() -> Token {
        let current = tokens[index]
        if index < tokens.count - 1 { index += 1 }
        return current
    }

    mutating func accept(_ keyword: Keyword) -> Bool {
        guard at(keyword) else { return false }
        advance()
        return true
    }

    mutating func accept(_ symbol: Symbol) -> Bool {
        guard at(symbol) else { return false }
        advance()
        return true
    }

    @discardableResult
    mutating func expect(_ keyword: Keyword) throws(SQLError) -> Token {
        guard at(keyword) else { throw unexpected(expecting: keyword.rawValue, keywords: [keyword]) }
        return advance()
    }

    @discardableResult
    mutating func expect(_ symbol: Symbol) throws(SQLError) -> Token {
        guard at(symbol) else { throw unexpected(expecting: "'\(symbol.rawValue)'") }
        return advance()
    }

    // MARK: Limits

    /// One level deeper, as far as the limit goes. Pair it with `leave()`.
    mutating func enter() throws(SQLError) {
        depth += 1
        guard depth <= limits.maximumDepth else {
            throw SQLError(
                .limitExceeded, "nested more than \(limits.maximumDepth) levels deep", at: token.position)
        }
    }

    mutating func leave() { depth -= 1 }

    func checkLength(_ count: Int) throws(SQLError) {
        guard count <= limits.maximumListLength else {
            throw SQLError(
                .limitExceeded, "a list of more than \(limits.maximumListLength) items", at: token.position)
        }
    }

    // MARK: Errors

    /// The error for a token that can't stand here, with the key word that may have been meant.
    func unexpected(expecting expected: String, keywords: [Keyword] = []) -> SQLError {
        let words = keywords.map(\.rawValue)
        if case .word = token.kind, let meant = Suggestion.nearest(to: token.text, among: words), !at(exactly: meant) {
            return SQLError(
                .syntax, "expected \(expected), found \(token.shown)", at: token.position,
                suggestion: "did you mean \(meant)?")
        }
        if let alias = bareAliasIndex, alias == index - 1,
            let meant = Suggestion.nearest(to: tokens[alias].text, among: words)
        {
            return SQLError(
                .syntax, "expected \(expected), found \(tokens[alias].shown)", at: tokens[alias].position,
                suggestion: "did you mean \(meant)?")
        }
        var suggestion: String?
        if let keyword = token.keyword, keyword.isReserved {
            suggestion = "a name that is a key word goes in back-ticks: `\(token.text)`"
        }
        return SQLError(
            .syntax, "expected \(expected), found \(token.shown)", at: token.position, suggestion: suggestion)
    }

    private func at(exactly word: String) -> Bool { token.text.uppercased() == word }

    func unsupported(_ what: String, at position: SourcePosition? = nil, suggestion: String? = nil) -> SQLError {
        SQLError(.unsupported, "\(what) not supported yet", at: position ?? token.position, suggestion: suggestion)
    }

    // MARK: Names

    /// Whether a name can start here.
    var atName: Bool {
        switch token.kind {
        case .word(let keyword): keyword.map { !$0.isReserved } ?? true
        case .quotedName: true
        default: false
        }
    }

    mutating func identifier(_ what: String) throws(SQLError) -> Identifier {
        guard atName else { throw unexpected(expecting: what) }
        let token = advance()
        return Identifier(text: token.text, position: token.position, isQuoted: token.kind == .quotedName)
    }

    /// A dotted name. Stops before `.*`.
    mutating func name(_ what: String) throws(SQLError) -> Name {
        var parts = [try identifier(what)]
        while at(.dot), lookahead(1).kind != .symbol(.star) {
            advance()
            parts.append(try identifier("the rest of a name"))
            try checkLength(parts.count)
        }
        return Name(parts: parts)
    }

    /// `[AS] alias`
    mutating func optionalAlias() throws(SQLError) -> Identifier? {
        if accept(.as) { return try identifier("an alias") }
        guard atName, !atSample, !atEmission else { return nil }
        bareAliasIndex = index
        return try identifier("an alias")
    }

    mutating func parenthesisedNames() throws(SQLError) -> [Identifier] {
        try expect(.leftParenthesis)
        var names: [Identifier] = []
        repeat {
            let name = try name("a column's name")
            names.append(Identifier(text: name.text, position: name.position, isQuoted: true))
            try checkLength(names.count)
        } while accept(.comma)
        try expect(.rightParenthesis)
        return names
    }

    /// A whole number that isn't negative.
    mutating func count(_ what: String) throws(SQLError) -> RowCount {
        guard token.kind == .number, let value = Int(token.text) else {
            throw unexpected(expecting: "a whole number of \(what)")
        }
        return RowCount(count: value, position: advance().position)
    }
}
