import Testing

@testable import SQL

struct LexerTests {
    private func tokens(_ text: String) throws -> [Token] {
        try Lexer.tokens(of: text, limits: .standard)
    }

    private func texts(_ text: String) throws -> [String] {
        try tokens(text).dropLast().map(\.text)
    }

    @Test func wordsNumbersAndSymbols() throws {
        #expect(try texts("SELECT a1, 2.5e-3 FROM t_x") == ["SELECT", "a1", ",", "2.5e-3", "FROM", "t_x"])
        #expect(
            try texts("a<=b<>c!=d>=e=>f||g") == ["a", "<=", "b", "<>", "c", "!=", "d", ">=", "e", "=>", "f", "||", "g"])
        #expect(try texts(".5 5. 1.e3 0.1") == [".5", "5.", "1.e3", "0.1"])
        #expect(try texts("@timestamp `@odd``name` EXPR$0") == ["@timestamp", "@odd`name", "EXPR$0"])
        #expect(try texts("größe") == ["größe"])
    }

    @Test func textAndItsQuotes() throws {
        #expect(try texts("'it''s' '' 'a\nb'") == ["it's", "", "a\nb"])
        #expect(try tokens("x'CAFE'")[0].kind == .binary)
        #expect(try tokens("x 'CAFE'")[0].kind == .word(keyword: nil))
    }

    @Test func commentsAreSkipped() throws {
        #expect(try texts("a -- b\nc /* d\n * e */ f --") == ["a", "c", "f"])
        #expect(try texts("--") == [])
    }

    @Test func positionsCountLinesAndCharacters() throws {
        let found = try tokens("SELECT\n  'ä' x,\r\n\ty")
        #expect(found.map(\.position.line) == [1, 2, 2, 2, 3, 3])
        #expect(found.map(\.position.column) == [1, 3, 7, 8, 2, 3])
    }

    @Test func keywordsOnlyWhereNoDotIs() throws {
        #expect(try tokens("select")[0].keyword == .select)
        #expect(try tokens("group.id").compactMap(\.keyword).isEmpty)
        #expect(try tokens("event.end").compactMap(\.keyword).isEmpty)
        #expect(try tokens("t.* from")[3].keyword == .from)
        #expect(try tokens("`select`")[0].keyword == nil)
    }

    @Test(arguments: [
        ("SELECT 'abc", 1, 8, "never ends"), ("`abc", 1, 1, "never ends"), ("a /* b", 1, 3, "never ends"),
        ("SELECT \"a\"", 1, 8, "double quotes"), ("a\n # b", 2, 2, "'#'"), ("1abc", 1, 1, "runs into"),
        ("a::int", 1, 2, "::"), ("a == b", 1, 3, "=="), ("``", 1, 1, "empty"), ("a \u{1} b", 1, 3, "code 1"),
    ])
    func wrongText(text: String, line: Int, column: Int, part: String) {
        #expect {
            try tokens(text)
        } throws: { error in
            guard let error = error as? SQLError else { return false }
            return error.code == .syntax && error.line == line && error.column == column && error.message.contains(part)
        }
    }

    @Test func longTextIsRefused() {
        var limits = SQLLimits.standard
        limits.maximumTextBytes = 10
        #expect(throws: SQLError.self) { try Lexer.tokens(of: "SELECT a FROM t", limits: limits) }
    }
}
