import Testing

@testable import ESI

/// Elements and expressions at small scale; the whole language is in `Conformance/ESI`.
@Suite struct LanguageTests {
    func body(_ markup: String, _ change: (inout ScriptedSite) -> Void = { _ in }) -> String {
        var site = ScriptedSite(markup)
        change(&site)
        let answer = site.run()
        return answer.fault.map { "!\($0)" } ?? answer.body
    }

    @Test(arguments: [
        ("plain <b>text</b> $(HTTP_HOST) \\n", "plain <b>text</b> $(HTTP_HOST) \\n"),
        ("a<esi:remove>b</esi:remove>c", "ac"),
        ("a<esi:comment text=\"x\"/>b", "ab"),
        ("a<!--esi <b>x</b>-->c", "a <b>x</b>c"),
        ("<esi:text>$(HTTP_HOST) <esi:vars>x</esi:vars></esi:text>", "$(HTTP_HOST) <esi:vars>x</esi:vars>"),
        ("<esi:vars>$(HTTP_HOST)</esi:vars>", "www.example.com"),
        ("<esi:vars name=\"$(HTTP_HOST)\"/>!", "www.example.com!"),
        ("<esi:assign name=\"a\" value=\"1 + 2 * 3\"/><esi:vars>$(a)</esi:vars>", "7"),
        ("<esi:assign name=\"a\">x$(HTTP_HOST)y</esi:assign><esi:vars>$(a)</esi:vars>", "xwww.example.comy"),
        (
            "<esi:assign name=\"a\" value=\"{'k': [1, 2]}\"/><esi:assign name=\"a{k}{0}\" value=\"9\"/>"
                + "<esi:vars>$(a)</esi:vars>", "{'k': [9, 2]}"
        ),
        ("<esi:choose><esi:when test=\"1 > 2\">A</esi:when><esi:otherwise>B</esi:otherwise></esi:choose>", "B"),
        ("<esi:choose><esi:when test=\"'a1b' matches 'a(.)b'\">$(MATCHES{1})</esi:when></esi:choose>", "1"),
        ("<esi:foreach collection=\"[1..3]\">$(item),</esi:foreach>", "1,2,3,"),
        (
            "<esi:foreach collection=\"[1..9]\" item=\"i\">$(i)<esi:choose><esi:when test=\"$(i)==2\"><esi:break/>"
                + "</esi:when></esi:choose>;</esi:foreach>.", "1;2."
        ),
        (
            "<esi:function name=\"f\"><esi:return value=\"$(ARGS{0}) * 2\"/></esi:function><esi:vars>$f(21)</esi:vars>",
            "42"
        ),
        ("<esi:vars>$upper('a') \\$ $5 $(\"x\")</esi:vars>", "A $ $5 $(\"x\")"),
    ])
    func elements(markup: String, expected: String) {
        #expect(body(markup) == expected)
        #expect(body("text " + markup) == "text " + expected)
        #expect(body(markup) { $0.pieceBytes = 1 } == expected)
        #expect(body(markup) { $0.pieceBytes = 7 } == expected)
    }

    @Test(arguments: [
        ("1 + 2 * 3 - 4 / 2", "5"), ("'a' + 1", "a1"), ("'ab' * 3", "ababab"), ("[1] + [2]", "[1, 2]"),
        ("7 % 4", "3"), ("-7 / 2", "-3"), ("!1", "false"), ("!''", "true"), ("~5", "-6"), ("6 & 3", "2"),
        ("6 | 3", "7"), ("6 ^ 3", "5"), ("1 << 4", "16"), ("256 >> 4", "16"), ("'a' & 'b'", "true"),
        ("1 == 1 & 2 == 3", "false"), ("1 == 1 | 2 == 3", "true"), ("(1 + 2) * 3", "9"), ("'10' == 10", "true"),
        ("'10' > 9", "true"), ("'10' > '9'", "false"), ("'abc' has 'b'", "true"), ("'abc' has_i 'B'", "true"),
        ("[1, 2] has 2", "true"), ("'A' matches_i 'a'", "true"), ("$(none) == ''", "true"), ("$(none) < 5", "false"),
        ("$(none|'d')", "d"), ("$(none|word or two)", "word or two"), ("'''a\\b'''", "a\\b"), ("'a\\'b'", "a'b"),
        ("{'a': 1, 'b': 2}", "{'a': 1, 'b': 2}"), ("[3..1]", "[3, 2, 1]"), ("true", "true"),
        ("$len('abc')", "3"), ("$substr('12345678', 2, 4)", "3456"), ("$substr('12345678', -2)", "78"),
        ("$substr('12345678', 2, -4)", "34"), ("$replace('aaa', 'a', 'b', 2)", "bba"), ("$index('abc', 'c')", "2"),
        ("$rindex('abab', 'ab')", "2"), ("$join([1, 2], '-')", "1-2"), ("$string_split('a,b', ',')", "['a', 'b']"),
        ("$list_delitem([1, 2, 3], 1)", "[1, 3]"), ("$int('12x')", "12"), ("$exists($(none))", "false"),
        ("$is_empty('')", "true"), ("$url_encode('a b/ü')", "a%20b%2F%C3%BC"), ("$url_decode('a%20b')", "a b"),
        ("$base64_encode('Sean@Banan!')", "U2VhbkBCYW5hbiE="), ("$base64_decode('U2VhbkBCYW5hbiE=')", "Sean@Banan!"),
        ("$html_encode('<a>')", "&lt;a&gt;"), ("$html_decode('&lt;&eacute;&#65;')", "<éA"), ("$dollar()", "$"),
        ("$digest_md5_hex('abc')", "900150983cd24fb0d6963f7d28e17f72"), ("$time()", "1700000000"),
        ("$http_time(995319416)", "Mon, 16 Jul 2001 21:36:56 GMT"),
        ("$strftime(0, '%Y-%m-%d %H:%M:%S')", "1970-01-01 00:00:00"),
        ("$str($(none))", "None"), ("$lower('ÄB')", "Äb"), ("$strip('  a ')", "a"),
    ])
    func expressions(expression: String, expected: String) {
        #expect(body("<esi:assign name=\"r\" value=\"\(expression)\"/><esi:vars>$(r)</esi:vars>") == expected)
    }

    @Test(arguments: [
        ("1 / 0", "division_by_zero"), ("9223372036854775807 + 1", "overflow"), ("'a' - 1", "not_an_integer"),
        ("$none()", "unknown_function"), ("[1..100000]", "max_items"), ("'a' matches '('", "bad_pattern"),
        ("'x' * 10000000", "max_text_bytes"), ("$base64_decode('!')", "bad_base64"),
    ])
    func wrongExpressionsFail(expression: String, code: String) {
        #expect(body("<esi:assign name=\"r\" value=\"\(expression)\"/>x") == "!\(code)")
        let caught =
            "<esi:try><esi:attempt><esi:assign name=\"r\" value=\"\(expression)\"/>x</esi:attempt>"
            + "<esi:except>E</esi:except></esi:try>"
        #expect(body(caught) == "E")
        #expect(body("<esi:assign name=\"r\" value=\"\(expression)\"/>x") { $0.settings.errorDefault = .empty } == "x")
    }
}
