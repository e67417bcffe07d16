import SQL
import Testing

/// Damaged queries: whatever comes, there is a plan or an error with a place, and never a trap.
struct MutationTests {
    static let seeds = [
        "WITH a (x, y) AS (SELECT l, s FROM types WHERE l IN (1, 2, NULL)) SELECT DISTINCT x % 3 AS k, COUNT(*) FROM a GROUP BY 1 HAVING COUNT(*) > 1 ORDER BY 2 DESC NULLS LAST LIMIT 5 OFFSET 1",
        "SELECT window_start, APPROX_PERCENTILE(event.duration, 0.99) FROM TABLE(HOP(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '2' SECOND, INTERVAL '1:30' MINUTE TO SECOND)) GROUP BY window_start, window_end",
        "SELECT CASE i WHEN 1 THEN 'a' ELSE CAST(d AS VARCHAR(3)) END, TRIM(BOTH 'x' FROM s), EXTRACT(YEAR FROM ts) FROM types WHERE s LIKE 'a!%' ESCAPE '!' AND NOT b IS TRUE OR ip = '10.0.0.1'",
        "VALUES (1, 'it''s', -2.5e3), (NULL, X'CAFE', DATE '2024-02-29') UNION ALL SELECT 1, '2', 3 -- end\n /* x */",
        "CREATE TABLE t (a INT NOT NULL, b.c DECIMAL(10, 2), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND) WITH ('k' = 'v'); SELECT * FROM t",
        "CREATE VIEW v (a) AS SELECT l FROM types; INSERT INTO t (a) SELECT a FROM v; EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT 1; END; SET 'a' = 'b'; DROP VIEW IF EXISTS v; EXPLAIN SELECT 1",
        "SELECT SUM(l) FILTER (WHERE d BETWEEN SYMMETRIC 1 AND -5), MIN(DISTINCT j) FROM types WHERE l = (SELECT MAX(l) FROM types) AND EXISTS (SELECT 1)",
        "SELECT s, LAG(l, 2, 0) IGNORE NULLS OVER w, SUM(SUM(l)) OVER (w ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) FROM types GROUP BY s, l WINDOW w AS (PARTITION BY s ORDER BY l DESC) QUALIFY RANK() OVER (ORDER BY COUNT(*)) <= 3",
        "SELECT NTILE(4) OVER (ORDER BY ts RANGE INTERVAL '1' HOUR PRECEDING) FROM types QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY d NULLS LAST) = 1",
        "SELECT TIMESTAMPADD(DAY, 1, ts) - ts, IF(b, 1, 2.5), JSON_VALUE(j, '$.a[0]'), REGEXP(s, '^(a|b)+$'), s IS JSON FROM types",
    ]

    static let pieces = [
        "(", ")", ",", "'", "`", "--", "/*", "*", ".", "SELECT", "FROM", "NULL", "AND", "NOT", "IN", "CASE", "END",
        "9223372036854775808",
        "-", "0", "1e308", "''", "AS", "BETWEEN", "INTERVAL", "'9999999999' DAY", "TABLE(", "UNION", "ORDER BY",
        "GROUP BY", "\u{1F600}", "\n",
        "CAST(", " AS DATE)", "%", "||", "/", "@", "%'", "OVER", "[", "1.", "LIMIT 99999999999999999999", "DISTINCT",
        "COUNT(*)", "OVER (", "PRECEDING", "ROWS", "QUALIFY", "IGNORE NULLS",
    ]

    @Test(arguments: seeds.indices)
    func damageIsToldNotTrapped(_ seed: Int) {
        var state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        for _ in 0..<100 {
            var characters = Array(Self.seeds[seed])
            for _ in 0...random(4) {
                let place = random(characters.count + 1)
                switch random(4) {
                case 0:
                    characters.removeSubrange(min(place, characters.count)..<min(place + random(12), characters.count))
                case 1: characters.insert(contentsOf: Self.pieces[random(Self.pieces.count)], at: place)
                case 2:
                    let other = Array(Self.seeds[random(Self.seeds.count)])
                    let start = random(other.count)
                    characters.insert(contentsOf: other[start..<min(other.count, start + random(40))], at: place)
                default: if place < characters.count { characters[place] = "x" }
                }
            }
            check(String(characters))
        }
    }

    private func check(_ text: String) {
        do throws(SQLError) {
            for statement in try SQLParser.parse(text) {
                guard case .query(let query) = statement else { continue }
                _ = try Binder(catalog: TestCatalog()).bind(query, answers: [])
                _ = try Binder(catalog: TestCatalog()).fields(of: query)
            }
        } catch {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(error.message.isEmpty == false)
            #expect(error.line.map { $0 >= 1 && $0 <= lines.count } == true, "\(error) in \(text)")
            #expect(error.rendered(text).isEmpty == false)
        }
    }
}
