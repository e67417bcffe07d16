import Testing

@testable import ManagementAPI

@Suite struct QueryStringTests {
    @Test func valuesAreDecoded() {
        let values = QueryString("q=SELECT+1%20%2B+2&live=true&empty=&flag&bad=%zz%4")
        #expect(values["q"] == "SELECT 1 + 2")
        #expect(values["live"] == "true")
        #expect(values["empty"] == "")
        #expect(values["flag"] == "")
        #expect(values["bad"] == "%zz%4")
        #expect(values["absent"] == nil)
        #expect(QueryString(nil)["q"] == nil)
        #expect(QueryString("signs=%+1%-0")["signs"] == "% 1%-0")
    }
}

@Suite struct JSONBodyTests {
    @Test func membersAreTyped() throws {
        let body = try JSONBody(
            Array(#"{"query": "SELECT 1", "live": true, "since": null}"#.utf8), known: ["query", "live", "since"])
        #expect(try body.string("query") == "SELECT 1")
        #expect(try body.bool("live") == true)
        #expect(try body.string("since") == nil)
        #expect(throws: APIError.self) { try body.string("live") }
        #expect(throws: APIError.self) { try body.bool("query") }
    }

    @Test(arguments: ["", "[]", "{", "3", #"{"quary": "x"}"#])
    func whatIsNoObjectOfKnownMembersIsRefused(text: String) throws {
        let error = try #require(throws: APIError.self) { try JSONBody(Array(text.utf8), known: ["query"]) }
        #expect(error.status == 400)
    }
}

@Suite struct PrometheusTextTests {
    @Test func familiesAndLabels() {
        var text = PrometheusText()
        text.family("a_total", .counter, "Help.")
        text.sample("a_total", [("path", "x\"y\\z\n")], 3)
        #expect(text.text == "# HELP a_total Help.\n# TYPE a_total counter\na_total{path=\"x\\\"y\\\\z\\n\"} 3\n")
    }
}
