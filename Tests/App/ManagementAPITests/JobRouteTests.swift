import Glibc
import Testing

@Suite struct JobRouteTests {
    private static let sql = "INSERT INTO loud SELECT n FROM events WHERE n > 2"

    private func start() throws -> TestManagement {
        let management = try TestManagement()
        #expect(try management.ask("POST", "/api/v1/topics/events/events", "{\"n\": 1}\n{\"n\": 3}\n").status == 200)
        return management
    }

    private func submit(_ management: TestManagement, _ name: String, _ sql: String) throws -> TestManagement.Answer {
        try management.ask("POST", "/api/v1/jobs", "{\"name\": \"\(name)\", \"sql\": \"\(sql)\"}")
    }

    /// Asks until the answer holds `text`.
    private func wait(_ management: TestManagement, _ target: String, for text: String) throws -> Bool {
        for _ in 0..<2_000 {
            if try management.ask("GET", target).body.contains(text) { return true }
            usleep(5_000)
        }
        return false
    }

    @Test func aJobIsTakenOnShownStoppedAndRemoved() throws {
        let management = try start()
        defer { management.stop() }
        let taken = try submit(management, "louder", Self.sql)
        #expect(taken.status == 201)
        #expect(taken.body.contains("\"name\":\"louder\""))
        #expect(try wait(management, "/api/v1/jobs/louder", for: "\"rows_out\":1"))
        #expect(try wait(management, "/api/v1/topics/loud/events", for: "\"n\":3"))
        #expect(try management.ask("GET", "/api/v1/jobs").body.hasPrefix("[{"))
        #expect(try management.ask("GET", "/metrics").body.contains("squilla_job_rows_out_total{job=\"louder\"} 1"))
        #expect(try management.ask("POST", "/api/v1/jobs/louder/savepoint", "{\"label\": \"one\"}").status == 200)
        #expect(try wait(management, "/api/v1/jobs/louder", for: "\"savepoints\":[\"one\"]"))
        #expect(try management.ask("POST", "/api/v1/jobs/louder/savepoint", "{\"label\": \"one\"}").status == 409)
        #expect(try management.ask("DELETE", "/api/v1/jobs/louder").status == 409)
        #expect(try management.ask("POST", "/api/v1/jobs/louder/stop").status == 200)
        #expect(try wait(management, "/api/v1/jobs/louder", for: "\"state\":\"stopped\""))
        #expect(try management.ask("GET", "/api/v1/jobs/louder/log").body.contains("stopped"))
        let both = "{\"savepoint\": \"one\", \"from\": \"latest\"}"
        #expect(try management.ask("POST", "/api/v1/jobs/louder/restart", both).status == 400)
        let anew = "{\"from\": \"earliest\"}"
        #expect(try management.ask("POST", "/api/v1/jobs/louder/restart", anew).status == 200)
        #expect(try wait(management, "/api/v1/jobs/louder", for: "\"rows_out\":2"))
        #expect(try management.ask("POST", "/api/v1/jobs/louder/stop").status == 200)
        #expect(try wait(management, "/api/v1/jobs/louder", for: "\"state\":\"stopped\""))
        #expect(try management.ask("DELETE", "/api/v1/jobs/louder").status == 200)
        #expect(try management.ask("GET", "/api/v1/jobs/louder").status == 404)
    }

    @Test func badRequestsSayWhatIsWrong() throws {
        let management = try start()
        defer { management.stop() }
        #expect(try submit(management, "../x", Self.sql).status == 400)
        let wrong = try submit(management, "a", "INSERT INTO x SELECT nope FROM events")
        #expect(wrong.status == 400)
        #expect(wrong.body.contains("\"column\":22"))
        #expect(try submit(management, "a", "INSERT INTO x SELECT n FROM events ORDER BY n").status == 400)
        let file = "CREATE TABLE f WITH ('path' = '/etc/passwd'); INSERT INTO x SELECT * FROM f"
        #expect(try submit(management, "a", file).body.contains("can't read or write files"))
        #expect(try management.ask("POST", "/api/v1/jobs", "[]").status == 400)
        #expect(try management.ask("POST", "/api/v1/jobs", "{\"name\": \"a\"}").status == 400)
        #expect(try management.ask("PUT", "/api/v1/jobs").status == 405)
        #expect(try management.ask("POST", "/api/v1/jobs/a/dance").status == 404)
        #expect(try management.ask("POST", "/api/v1/jobs/nobody/stop").status == 404)
        #expect(try submit(management, "a", Self.sql).status == 201)
        #expect(try submit(management, "a", Self.sql).status == 409)
        #expect(try management.ask("POST", "/api/v1/jobs/a/restart", "{\"from\": \"monday\"}").status == 400)
    }
}
