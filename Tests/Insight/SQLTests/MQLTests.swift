import SQL
import Testing

/// MQL becomes what the SQL beside it becomes.
struct MQLTests {
    private static func plan(_ text: String) throws -> String {
        let query = try MQLTranslator.query(text, defaultTable: "requests", isTable: { $0 == "types" })
        return "\(try Binder(catalog: TestCatalog()).bind(query))"
    }

    @Test(arguments: [
        ("select * from stream", "SELECT * FROM requests"),
        ("SELECT url.path FROM defaultStream", "SELECT url.path FROM requests"),
        ("select e[\"url\"][\"path\"] from x", "SELECT url.path FROM requests"),
        ("select e['url.path'] as p, 45, 'text'", "SELECT url.path AS p, 45 AS `45`, 'text' AS text FROM requests"),
        ("select url.path as 'p'", "SELECT url.path AS p FROM requests"),
        ("select l from types where l >= -5 limit 3", "SELECT l FROM types WHERE l >= -5 LIMIT 3"),
        (
            "select url.path where http.response.status_code == 500 and url.path != '/x' or true",
            "SELECT url.path FROM requests WHERE http.response.status_code = 500 AND url.path IS DISTINCT FROM '/x' OR TRUE"
        ),
        (
            "select l from types where l>5&&l<>7||!(l<=2)",
            "SELECT l FROM types WHERE l > 5 AND l IS DISTINCT FROM 7 OR (l <= 2) IS NOT TRUE"
        ),
        ("select s from types where e['j'][*]['n'] == 'x'", "SELECT s FROM types WHERE j[*]['n'] = 'x'"),
        (
            "select s from types where e['j'][*] ==~ /a.*/",
            "SELECT s FROM types WHERE REGEXP(j[*], '(?s)\\A(?:a.*)\\z')"
        ),
        ("select s from types where s == null", "SELECT s FROM types WHERE s IS NULL"),
        ("select s from types where s != null", "SELECT s FROM types WHERE s IS NOT NULL"),
        ("select s from types where not s = 'x'", "SELECT s FROM types WHERE (s = 'x') IS NOT TRUE"),
        (
            "select url.path where url.path ==~ /\\/api\\/v\\d+.*/",
            "SELECT url.path FROM requests WHERE REGEXP(CAST(url.path AS VARCHAR), '(?s)\\A(?:/api/v\\d+.*)\\z')"
        ),
        (
            "select url.path where url.path ==+ \"it's\"",
            "SELECT url.path FROM requests WHERE INSTR(CAST(url.path AS VARCHAR), 'it''s') > 0"
        ),
        (
            "select count(*) as n from stream window 10",
            """
            SELECT COUNT(*) AS n FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '10' SECOND))
            GROUP BY window_start, window_end
            """
        ),
        (
            """
            select e['url']['path'], count(*) as "n", average(event.duration) as mean, p99(event.duration) as p
            from stream window 10 5 where http.response.status_code >= 500
            group by url.path having n > 3 order by n desc
            """,
            """
            SELECT url.path, COUNT(*) AS n, AVG(CAST(event.duration AS DOUBLE)) AS mean,
                   APPROX_PERCENTILE(event.duration, 0.99) AS p
            FROM TABLE(HOP(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
            WHERE http.response.status_code >= 500
            GROUP BY window_start, window_end, url.path HAVING n > 3 ORDER BY window_start, n DESC
            """
        ),
        (
            "select count(distinct url.path), max(event.duration), p50(event.duration) window 0.5",
            """
            SELECT COUNT(DISTINCT url.path) AS `count(url.path)`, MAX(event.duration) AS `max(event.duration)`,
                   APPROX_PERCENTILE(event.duration, 0.5) AS `p50(event.duration)`
            FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '500' MILLISECOND))
            GROUP BY window_start, window_end
            """
        ),
        ("select * from stream sample {'strategy':'RANDOM','threshold':200}", "SELECT * FROM requests SAMPLE RANDOM 2"),
        ("select l from types sample 12.5%", "SELECT l FROM types SAMPLE RANDOM 12.5"),
        (
            "select l from types SAMPLE {\"strategy\":\"STICKY\", \"keys\":[\"s\", 'i'], \"threshold\":1, \"factor\":8, \"salt\":3}",
            "SELECT l FROM types SAMPLE STICKY(s, i) 12.5 SALT 3"
        ),
        (
            "select url.path sample {'strategy':'RPS','threshold':10,'extrapolate':true}",
            "SELECT url.path FROM requests SAMPLE RPS 10"
        ),
        (
            "select count(*) as n window 1 sample {'strategy':'RANDOM','threshold':5000,'extrapolate':true}",
            """
            SELECT COUNT(*) AS n FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(@timestamp), INTERVAL '1' SECOND))
            SAMPLE RANDOM 50 EXTRAPOLATE GROUP BY window_start, window_end
            """
        ),
    ])
    func becomesSQL(mql: String, sql: String) throws {
        #expect(try Self.plan(mql) == Bind.plan(sql))
    }

    @Test(arguments: [
        ("", 1, "expected select"),
        ("selec *", 1, "expected select"),
        ("select", 7, "expected a property"),
        ("select url.pth", 8, "there is no column url.pth"),
        ("select e['url']['pth']", 8, "there is no column url.pth"),
        ("select * wher l > 1", 10, "expected where"),
        ("select * where url.path", 24, "expected ="),
        ("select * where url.path ==~ 'x'", 29, "a regular expression"),
        ("select * where url.path ==~ /x", 29, "never ends"),
        ("select * where url.path == \"x", 28, "never ends"),
        ("select * where (url.path == 'x'", 32, "expected ')'"),
        ("select * where url.path == 'x' where true", 32, "where comes twice"),
        ("select count(*)", 1, "aggregates need a window"),
        ("select list(url.path) window 1", 8, "list() has no translation"),
        ("select medium(url.path) window 1", 8, "there is no aggregate medium"),
        ("select * from a,b", 16, "several streams"),
        ("select * from a join b 5 seconds on x", 17, "join has no translation"),
        ("select count(*) window |10|", 24, "a number of events"),
        ("select count(*) window 0", 24, "some seconds long"),
        ("select count(*) window 10 limit 3", 27, "limit inside of a window"),
        ("select count(*) window 10 3", 17, "multiple of its slide"),
        ("select * order by url.path", 19, "order by without aggregates"),
        ("select e[^'a']", 10, "[^prefix] has no translation"),
        ("select * anomaly mad url.path 1 2", 10, "anomaly has no translation"),
        ("select * sample {'strategy':'RANDM','threshold':2}", 10, "no sampling called RANDM"),
        ("select * sample {'strategy':'RANDOM'}", 10, "needs its threshold"),
        ("select * sample {'strategy':'STICKY','threshold':2}", 10, "needs its keys"),
        ("select * sample {'treshold':2}", 18, "no member 'treshold'"),
        ("select * sample {'threshold':20000}", 10, "0 < threshold <= factor"),
        ("select * sample 200%", 10, "0 < threshold <= factor"),
        ("select tick()", 8, "tick() has no translation"),
    ])
    func errorsHavePlaces(text: String, column: Int, message: String) throws {
        let error = try #require(throws: SQLError.self) { try Self.plan(text) }
        #expect(error.line == 1 && error.column == column && error.message.contains(message), "\(error)")
    }

    @Test func placesCountLines() throws {
        let error = try #require(throws: SQLError.self) { try Self.plan("select url.path\nwhere nothing > 1") }
        #expect(error.line == 2 && error.column == 7)
    }

    @Test func depthIsBounded() {
        for opening in ["(", "not ", "!"] {
            let text = "select * where " + String(repeating: opening, count: 10_000) + "true"
            #expect(throws: SQLError.self) { try Self.plan(text) }
        }
    }

    /// Texts near to right ones are queries, or errors with a place.
    @Test func damagedTextsAreRefusedWithAPlace() throws {
        let texts = [
            "select e['url']['path'], count(*) as 'n', p99(event.duration) from s window 10 5 "
                + "where http.response.status_code >= 500 and not (url.path ==~ /\\/a.*/ or url.path ==+ 'b') "
                + "group by url.path having n > 3 order by n desc",
            "select * where url.path != null sample {'strategy':'STICKY','keys':['client.ip'],'threshold':2,'salt':1}",
        ]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var bytes = Array(texts[Int.random(in: 0..<texts.count, using: &generator)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8.random(in: 0x09...0xFF, using: &generator)
                default: bytes.replaceSubrange(place..<bytes.count, with: bytes[..<place].suffix(30))
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                _ = try Self.plan(text)
            } catch let error as SQLError {
                #expect(error.line != nil && error.column != nil, "\(text): \(error)")
            }
        }
    }
}
