import Testing

@testable import ManagementAPI

@Suite struct AccessTests {
    private static let routes = [
        ("GET", "/metrics"), ("GET", "/api/v1/status"), ("POST", "/api/v1/reload"), ("POST", "/api/v1/query"),
        ("GET", "/api/v1/query?q=SELECT+1"), ("GET", "/api/v1/topics"), ("GET", "/api/v1/topics/t"),
        ("GET", "/api/v1/topics/t/events"), ("POST", "/api/v1/topics/t/events"),
        ("GET", "/api/v1/topics/t/consumers/c"), ("PUT", "/api/v1/topics/t/consumers/c"), ("GET", "/nothing"),
        ("POST", "/"),
    ]

    @Test func everythingButThePageDemandsTheToken() throws {
        let api = try TestManagement(token: "secret-token")
        defer { api.stop() }
        for (method, target) in Self.routes {
            for fields in [
                "", "Authorization: Bearer secret-tokem\r\n", "Authorization: Bearer \r\n",
                "Authorization: Basic secret-token\r\n", "Authorization: secret-token\r\n",
                "Authorization: Bearer secret-token x\r\n",
            ] {
                let answer = try api.ask(method, target, fields: fields)
                #expect(answer.status == 401, "\(method) \(target) \(fields)")
                #expect(answer.head.contains("WWW-Authenticate: Bearer"))
            }
            let granted = try api.ask(method, target, fields: "Authorization: Bearer secret-token\r\n")
            #expect(granted.status != 401, "\(method) \(target)")
            let lower = try api.ask(method, target, fields: "Authorization: bearer secret-token\r\n")
            #expect(lower.status == granted.status, "\(method) \(target)")
        }
        #expect(try api.ask("GET", "/healthz").status == 200)
        #expect(try api.ask("GET", "/").status == 200)
    }

    @Test func noBodyIsWaitedForWithoutTheToken() throws {
        let api = try TestManagement(token: "secret-token")
        defer { api.stop() }
        let answer = try api.announce("/api/v1/topics/t/events", bytes: 60_000_000)
        #expect(answer.status == 401)
        #expect(answer.body.contains(#""code":"unauthorized""#))
    }

    @Test func foreignPagesAreRefusedWhereThereIsNoToken() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let query = #"{"query":"SELECT 1 AS x"}"#
        #expect(try api.ask("POST", "/api/v1/query", query, host: "evil.example:8090").status == 403)
        #expect(try api.ask("GET", "/metrics", host: "rebound.example").status == 403)
        #expect(try api.ask("POST", "/api/v1/query", query, fields: "Origin: http://evil.example\r\n").status == 403)
        #expect(try api.ask("POST", "/api/v1/query", query, fields: "Origin: null\r\n").status == 403)
        // A picture or a script of another page has no Origin.
        for site in ["cross-site", "same-site"] {
            let answer = try api.ask("GET", "/api/v1/query?q=SELECT+1+AS+x", fields: "Sec-Fetch-Site: \(site)\r\n")
            #expect(answer.status == 403 && answer.body.contains("foreign_site"))
        }
        for site in ["same-origin", "none"] {
            let answer = try api.ask("GET", "/metrics", fields: "Sec-Fetch-Site: \(site)\r\n")
            #expect(answer.status == 200)
        }
        let own = try api.ask(
            "POST", "/api/v1/query", query, fields: "Origin: http://localhost:8090\r\n", host: "localhost:8090")
        #expect(own.body == #"{"x":1}"# + "\n")
    }

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST", true), ("a.localhost", true), ("127.0.0.1", true), ("10.1.2.3", true),
        ("[::1]", true), ("", true), ("example.com", false), ("1.example.com", false), ("localhost.example", false),
        ("notlocalhost", false), ("127.0.0.1.nip.io", false), ("example.com.", false),
    ])
    func localHosts(host: String, isLocal: Bool) {
        #expect(BrowserGuard.isLocal(host) == isLocal)
    }
}
