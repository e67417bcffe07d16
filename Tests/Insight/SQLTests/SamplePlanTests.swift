import SQL
import Testing

struct SamplePlanTests {
    @Test func conditionsStayAboveACap() throws {
        #expect(
            try Bind.plan("SELECT s FROM (SELECT * FROM types SAMPLE STICKY(s) 10) WHERE l > 7") == """
                project s
                  sample sticky (s) 0.1 salt 0
                    scan types [l, s] where (l > 7)
                """)
        #expect(
            try Bind.plan(
                "SELECT url.path FROM (SELECT * FROM requests SAMPLE RPS 5) WHERE http.response.status_code = 200")
                    == """
                    project url.path
                      filter (http.response.status_code = 200)
                        sample rps 5 by @timestamp
                          scan requests [@timestamp, http.response.status_code, url.path]
                    """)
    }

    @Test func aSeededSampleIsOfTheSameRowsWhateverIsAsked() throws {
        let seeded = try Bind.plan("SELECT l FROM (SELECT l FROM types SAMPLE RANDOM 10 SEED 1) WHERE l > 7")
        #expect(seeded.hasPrefix("filter (l > 7)\n  sample random 0.1 seed 1\n    scan"))
        let unseeded = try Bind.plan("SELECT l FROM (SELECT l FROM types SAMPLE RANDOM 10) WHERE l > 7")
        #expect(unseeded.hasPrefix("sample random 0.1\n  scan types [l] where (l > 7)"))
    }

    @Test func extrapolationIsAProjectionOverTheAggregate() throws {
        #expect(
            try Bind.plan("SELECT COUNT(*) AS n, MAX(l) AS m FROM types SAMPLE RANDOM 20 EXTRAPOLATE") == """
                project TRY_CAST(ROUND((CAST($aggregate0 AS DOUBLE) * 5.0)) AS BIGINT) AS n, $aggregate1 AS m
                  aggregate by () COUNT(*), MAX(l)
                    sample random 0.2
                      scan types [l]
                """)
    }

    @Test func anAliasIsStillOne() throws {
        #expect(try Bind.plan("SELECT sample.l FROM types sample WHERE l > 7") == "scan types [l] where (l > 7)")
    }
}
