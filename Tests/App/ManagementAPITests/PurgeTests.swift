import Testing

@Suite struct PurgeTests {
    @Test func answersWithCounts() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let answer = try api.ask(
            "POST", "/api/v1/purge",
            #"{"urls": ["http://a/x"], "prefixes": ["https://a/img/*"], "tags": ["t", "u"], "soft": true}"#)
        #expect(answer.status == 200)
        #expect(answer.body.contains(#""objects":0"#))
        #expect(answer.body.contains(#"{"kind":"prefix","objects":0,"value":"https://a/img/*"}"#))
        #expect(answer.body.contains(#""soft":true"#))
        #expect(try api.ask("POST", "/api/v1/purge", #"{"all": true}"#).status == 200)
        #expect(try api.ask("POST", "/api/v1/purge", #"{"tags": "one"}"#).status == 200)
    }

    @Test(arguments: [
        ("{}", "nothing to purge"), (#"{"all": false}"#, "nothing to purge"),
        (#"{"urls": ["/x"]}"#, "http://HOST/PATH"), (#"{"tags": [""]}"#, "not empty"),
        (#"{"tags": [1]}"#, "list of strings"), (#"{"tag": "x"}"#, "unknown member"), ("[]", "JSON object"),
    ])
    func saysWhatIsWrong(body: String, message: String) throws {
        let api = try TestManagement()
        defer { api.stop() }
        let answer = try api.ask("POST", "/api/v1/purge", body)
        #expect(answer.status == 400)
        #expect(answer.body.contains(message))
    }

    @Test func needsTheToken() throws {
        let api = try TestManagement(token: "correct horse")
        defer { api.stop() }
        #expect(try api.ask("POST", "/api/v1/purge", #"{"all": true}"#).status == 401)
        #expect(try api.ask("GET", "/api/v1/purge", fields: "Authorization: Bearer correct horse\r\n").status == 405)
        let fields = "Authorization: Bearer correct horse\r\n"
        #expect(try api.ask("POST", "/api/v1/purge", #"{"all": true}"#, fields: fields).status == 200)
    }
}
