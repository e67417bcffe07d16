import Testing

@testable import squilla

@Suite struct JSONRowTests {
    @Test func membersKeepOrderAndSpelling() throws {
        let row = try #require(
            JSONRow(Array(#"{"b":1.50,"a":"x\n\u00e9\ud83d\ude00","c":null,"d":[1,{"e":"}"}],"f":true}"#.utf8)))
        #expect(row.cells.map(\.name) == ["b", "a", "c", "d", "f"])
        #expect(row["b"] == JSONCell(kind: .number, text: "1.50"))
        #expect(row["a"] == JSONCell(kind: .text, text: "x\né😀"))
        #expect(row["c"]?.kind == .null)
        #expect(row["d"] == JSONCell(kind: .other, text: #"[1,{"e":"}"}]"#))
        #expect(row["f"]?.text == "true")
    }

    @Test(arguments: [
        "", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"x}", "{\"a\":[1}", "{a:1}", "{\"a\":1}}x",
    ])
    func whatIsNoObjectIsRefused(text: String) {
        // What follows a whole object is not looked at: lines are cut by their sender.
        #expect((JSONRow(Array(text.utf8)) == nil) == (text != "{\"a\":1}}x"))
    }

    @Test func everyPrefixIsSafe() {
        let text = Array(#"{"a":"\ud83d\ude00","b":[{"c":"\\\""}]}"#.utf8)
        for count in text.indices { #expect(JSONRow(text[..<count]) == nil) }
    }
}

@Suite struct OutputTests {
    @Test func csvIsQuotedWhereItMustBe() {
        #expect(RowPrinter.csvLine(["a", "b,c", "d\"e", "f\ng"]) == Array("a,\"b,c\",\"d\"\"e\",\"f\ng\"\r\n".utf8))
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        #expect("a\u{1B}[31m\u{9B}b".printable == "a\\x1b[31m\\x9bb")
        #expect("é 漢".printable == "é 漢")
    }
}
