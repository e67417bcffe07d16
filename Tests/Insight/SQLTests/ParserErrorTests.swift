import SQL
import Testing

struct ParserErrorTests {
    struct Wrong: CustomTestStringConvertible, Sendable {
        var text: String
        var line = 1
        var column: Int
        var message: String
        var suggestion: String?
        var code = SQLError.Code.syntax

        var testDescription: String { text }
    }

    static let syntax: [Wrong] = [
        Wrong(text: "SELEC a FROM requests", column: 1, message: "expected SELECT", suggestion: "SELECT"),
        Wrong(text: "SELECT a FORM requests", column: 10, message: "found 'FORM'", suggestion: "FROM"),
        Wrong(text: "SELECT a FROM t WEHRE b", column: 17, message: "found 'WEHRE'", suggestion: "WHERE"),
        Wrong(text: "SELECT a FROM t x GRUOP BY a", column: 19, message: "found 'GRUOP'", suggestion: "GROUP"),
        Wrong(text: "SELECT a FROM t ORDER a", column: 23, message: "expected BY"),
        Wrong(text: "SELECT FROM t", column: 8, message: "expected a column"),
        Wrong(text: "SELECT a, FROM t", column: 11, message: "expected a column"),
        Wrong(text: "SELECT a FROM", column: 14, message: "expected a table, found the end"),
        Wrong(text: "SELECT (a + b FROM t", column: 15, message: "expected an operator or ')'"),
        Wrong(text: "SELECT count(a FROM t", column: 16, message: "')' in COUNT"),
        Wrong(text: "SELECT a +", column: 11, message: "expected an expression"),
        Wrong(text: "SELECT a b c", column: 12, message: "expected the end"),
        Wrong(text: "SELECT\n  a\nFROM t\nWHERE", line: 4, column: 6, message: "expected an expression"),
        Wrong(text: "SELECT CASE a END", column: 15, message: "expected WHEN"),
        Wrong(text: "SELECT CASE WHEN a THEN 1", column: 26, message: "expected WHEN, ELSE or END"),
        Wrong(text: "SELECT a BETWEEN 1 OR 2", column: 20, message: "expected AND"),
        Wrong(text: "SELECT a IS 5", column: 13, message: "after IS"),
        Wrong(text: "SELECT a IN 5", column: 13, message: "'(' after IN"),
        Wrong(text: "SELECT CAST(a AS INTEGR)", column: 18, message: "INTEGR is no type", suggestion: "INTEGER"),
        Wrong(text: "SELECT CAST(a, INT)", column: 14, message: "expected AS"),
        Wrong(text: "SELECT a FROM t LIMIT x", column: 23, message: "whole number of rows"),
        Wrong(text: "SELECT a FROM t LIMIT 5, 10", column: 24, message: "one number", suggestion: "OFFSET"),
        Wrong(text: "SELECT a FROM order", column: 15, message: "expected a table", suggestion: "back-ticks"),
        Wrong(text: "SELECT INTERVAL '10' SECON", column: 22, message: "unit of time", suggestion: "SECOND"),
        Wrong(text: "SELECT EXTRACT(YEER FROM a)", column: 16, message: "YEER is no unit", suggestion: "YEAR"),
        Wrong(
            text: "SELECT a FROM t ORDER BY a NULLS FRIST", column: 34, message: "FIRST or LAST", suggestion: "FIRST"),
        Wrong(text: "SELECT a FROM TABLE(TUMBLE(TABLE t, ts, INTERVAL '1' DAY))", column: 37, message: "DESCRIPTOR"),
        Wrong(text: "SELECT a FROM TABLE(TUMBLE(TABLE t))", column: 21, message: "lacks its time column"),
        Wrong(
            text: "SELECT a FROM TABLE(HOP(TABLE t, DESCRIPTOR(c), INTERVAL '1' DAY))", column: 21,
            message: "lacks its size"),
        Wrong(
            text: "SELECT a FROM TABLE(TUMBEL(TABLE t))", column: 21, message: "no table function",
            suggestion: "TUMBLE",
            code: .unknownFunction),
        Wrong(text: "CREATE TABEL t (a INT)", column: 8, message: "expected TABLE", suggestion: "TABLE"),
        Wrong(text: "CREATE TEMPORARY MATERIALIZED VIEW v AS SELECT 1", column: 18, message: "TABLE, VIEW or FUNCTION"),
        Wrong(text: "CREATE VIEW v SELECT 1", column: 15, message: "expected AS"),
        Wrong(text: "CREATE VIEW v (a, AS SELECT 1", column: 19, message: "expected a column's name"),
        Wrong(text: "CREATE MATERIALIZED VEIW v AS SELECT 1", column: 21, message: "VIEW", suggestion: "VIEW"),
        Wrong(text: "CREATE VIEW v AS INSERT INTO t SELECT 1", column: 18, message: "expected SELECT"),
        Wrong(text: "CREATE VIEW IF EXISTS v AS SELECT 1", column: 16, message: "expected NOT"),
        Wrong(text: "INSERT t SELECT 1", column: 8, message: "expected INTO"),
        Wrong(text: "INSERT INTO t (a, b) DELETE", column: 22, message: "expected a query to insert"),
        Wrong(text: "INSERT INTO SELECT 1", column: 13, message: "expected a table"),
        Wrong(text: "INSERT INTO t SELCT 1", column: 15, message: "a query to insert", suggestion: "SELECT"),
        Wrong(text: "EXECUTE STATEMENT SET INSERT INTO t SELECT 1", column: 23, message: "expected BEGIN"),
        Wrong(text: "EXECUTE STATEMENT SET BEGIN END", column: 29, message: "expected INSERT INTO"),
        Wrong(text: "EXECUTE STATEMENT SET BEGIN SELECT 1; END", column: 29, message: "expected INSERT INTO"),
        Wrong(text: "EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT 1;", column: 52, message: "expected INSERT INTO"),
        Wrong(text: "SET a = 1", column: 5, message: "setting's name in single quotes"),
        Wrong(text: "SET 'a' = 1", column: 11, message: "setting's value in single quotes"),
        Wrong(text: "DROP t", column: 6, message: "expected TABLE, VIEW"),
        Wrong(text: "DROP TABEL t", column: 6, message: "expected TABLE, VIEW", suggestion: "TABLE"),
        Wrong(text: "DROP TABLE IF NOT EXISTS t", column: 15, message: "expected EXISTS"),
        Wrong(text: "SHOW TABELS", column: 6, message: "expected TABLES", suggestion: "TABLES"),
        Wrong(text: "DESCRIBE 5", column: 10, message: "expected a table"),
        Wrong(text: "EXPLAIN CREATE TABLE t", column: 9, message: "a query or INSERT"),
        Wrong(text: "WITH a AS SELECT 1 SELECT 2", column: 11, message: "expected '('"),
        Wrong(text: "", column: 1, message: "no query", code: .invalidQuery),
        Wrong(text: "SELECT 1; SELECT 2", column: 1, message: "one query", code: .invalidQuery),
    ]

    static let others: [Wrong] = [
        Wrong(text: "SELECT INTERVAL 'x' SECOND", column: 17, message: "no interval", code: .invalidLiteral),
        Wrong(
            text: "SELECT INTERVAL '1:75' MINUTE TO SECOND", column: 17, message: "no interval", code: .invalidLiteral),
        Wrong(text: "SELECT INTERVAL '1-12' YEAR TO MONTH", column: 17, message: "no interval", code: .invalidLiteral),
        Wrong(text: "SELECT X'ABC'", column: 8, message: "pairs", code: .invalidLiteral),
        Wrong(text: "SELECT X'+A-0'", column: 8, message: "pairs", code: .invalidLiteral),
        Wrong(text: "SELECT 1e999", column: 8, message: "out of range", code: .invalidLiteral),
        Wrong(text: "SELECT CAST(1 AS DECIMAL(50, 2))", column: 18, message: "DECIMAL(50, 2)", code: .invalidLiteral),
        Wrong(text: "UPDATE t SET a = 1", column: 1, message: "UPDATE is", code: .unsupported),
        Wrong(text: "INSERT OVERWRITE t SELECT 1", column: 8, message: "INSERT OVERWRITE is", code: .unsupported),
        Wrong(text: "SELECT 1 INTERSECT", column: 19, message: "expected SELECT, VALUES"),
        Wrong(text: "SELECT SUM(a) OVER FROM t", column: 20, message: "name of a window after OVER", code: .syntax),
        Wrong(text: "SELECT SUM(a) OVER (ROWS 1) FROM t", column: 27, message: "PRECEDING or FOLLOWING", code: .syntax),
        Wrong(text: "SELECT a OVER (ROWS 1) FROM t", column: 10, message: "expected", code: .syntax),
        Wrong(text: "SELECT f() OVER (ROWS UNBOUNDED)", column: 32, message: "after UNBOUNDED", code: .syntax),
        Wrong(text: "SELECT a FROM t WINDOW w (ORDER BY a)", column: 26, message: "expected AS", code: .syntax),
        Wrong(text: "SELECT LAG(a IGNORE NULLS) RESPECT NULLS OVER w", column: 28, message: "twice", code: .syntax),
        Wrong(text: "SELECT a FROM t GROUP BY ROLLUP(a", column: 34, message: "expected ')'"),
        Wrong(text: "SELECT a[*", column: 10, message: "expected an expression"),
        Wrong(text: "SELECT /*+ BROADCST(t) */ a FROM t", column: 12, message: "no hint BROADCST", code: .unsupported),
        Wrong(
            text: "SELECT /*+ STATE_TTL('t' = '1d') */ a FROM t", column: 12, message: "STATE_TTL", code: .unsupported),
        Wrong(text: "SELECT /*+ OPTIONS('a' = 'b') */ a FROM t", column: 12, message: "behind the name of a table"),
        Wrong(text: "SELECT a FROM t /*+ BROADCAST(t) */", column: 21, message: "expected OPTIONS"),
        Wrong(text: "SELECT a FROM t /*+ OPTIONS('a' = 'b')", column: 39, message: "expected '*/'"),
        Wrong(
            text: "SELECT a FROM t /*+ OPTIONS('a' = 'b', 'a' = 'c') */", column: 40, message: "given twice",
            code: .invalidQuery),
        Wrong(text: "SELECT a /*+ OPTIONS('a' = 'b') */ FROM t", column: 10, message: "found '/*+'"),
        Wrong(text: "SELECT a[0] FROM t", column: 10, message: "no place 0", code: .invalidLiteral),
        Wrong(text: "SELECT a[1.5] FROM t", column: 10, message: "no place 1.5", code: .invalidLiteral),
        Wrong(text: "SELECT a[b FROM t", column: 12, message: "expected ']'"),
        Wrong(text: "SELECT a['b' FROM t", column: 14, message: "expected ']'"),
        Wrong(
            text: "SELECT a FROM TABLE(TUMBLE(TABLE t PARTITION BY a, DESCRIPTOR(c), INTERVAL '1' DAY))", column: 36,
            message: "PARTITION BY is for SESSION", code: .unsupported),
    ]

    @Test(arguments: syntax + others)
    func wrongSQLIsPointedAt(_ wrong: Wrong) {
        let error = Bind.error(wrong.text)
        #expect(error?.code == wrong.code)
        #expect(error?.line == wrong.line)
        #expect(error?.column == wrong.column)
        #expect(error?.message.contains(wrong.message) == true, "\(error?.message ?? "no error")")
        if let suggestion = wrong.suggestion {
            #expect(error?.suggestion?.contains(suggestion) == true, "\(error?.suggestion ?? "no suggestion")")
        }
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000)
        #expect(Bind.error("SELECT \(deep)")?.code == .limitExceeded)
        #expect(Bind.error("SELECT " + String(repeating: "- ", count: 5_000) + "1")?.code == .limitExceeded)
        #expect(Bind.error("SELECT " + String(repeating: "NOT ", count: 5_000) + "TRUE")?.code == .limitExceeded)
        let cases = String(repeating: "CASE WHEN TRUE THEN ", count: 2_000)
        #expect(Bind.error("SELECT \(cases)")?.code == .limitExceeded)
        let queries = String(repeating: "SELECT * FROM (", count: 2_000)
        #expect(Bind.error(queries)?.code == .limitExceeded)
        #expect(Bind.error("SELECT 1" + String(repeating: " + 1", count: 5_000))?.code == .limitExceeded)
        #expect(Bind.error("SELECT 1" + String(repeating: " UNION ALL SELECT 1", count: 5_000))?.code == .limitExceeded)
        // Chains inside of nests: each is short, the tree is high.
        var nested = "1"
        for _ in 0..<60 { nested = "(" + nested + String(repeating: " + 1", count: 60) + ")" }
        #expect(Bind.error("SELECT " + nested)?.code == .limitExceeded)
    }

    @Test func longChainsOfConnectivesAreFine() {
        let chain = (0..<3_000).map { "l = \($0)" }.joined(separator: " OR ")
        #expect(Bind.error("SELECT * FROM types WHERE \(chain)") == nil)
    }

    @Test func listsAreBounded() {
        let list = Array(repeating: "1", count: 20_000).joined(separator: ",")
        #expect(Bind.error("SELECT * FROM types WHERE l IN (\(list))")?.code == .limitExceeded)
    }

    @Test func renderingShowsTheLineAndACaret() throws {
        let text = "SELECT a\nFROM t WEHRE b"
        let error = try #require(Bind.error(text))
        #expect(
            error.rendered(text) == """
                line 2, column 8: expected the end of the statement, found 'WEHRE'
                  FROM t WEHRE b
                         ^
                did you mean WHERE?
                """)
    }

    @Test func renderingCutsLongLines() throws {
        let text = "SELECT " + String(repeating: "a, ", count: 200) + "FROM t"
        let error = try #require(Bind.error(text))
        #expect(error.rendered(text).split(separator: "\n").allSatisfy { $0.count < 150 })
    }
}
