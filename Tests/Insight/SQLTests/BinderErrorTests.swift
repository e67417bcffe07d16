import SQL
import Testing

struct BinderErrorTests {
    struct Wrong: CustomTestStringConvertible, Sendable {
        var text: String
        var line = 1
        var column: Int
        var message: String
        var suggestion: String?
        var code: SQLError.Code

        var testDescription: String { text }
    }

    static let names: [Wrong] = [
        Wrong(
            text: "SELECT url.pth FROM requests", column: 8, message: "no column url.pth", suggestion: "url.path",
            code: .unknownColumn),
        Wrong(
            text: "SELECT status_code FROM requests", column: 8, message: "status_code",
            suggestion: "http.response.status_code", code: .unknownColumn),
        Wrong(
            text: "SELECT URL.PATH FROM requests", column: 8, message: "URL.PATH", suggestion: "url.path",
            code: .unknownColumn),
        Wrong(
            text: "SELECT 1 FROM requets", column: 15, message: "no table requets", suggestion: "requests",
            code: .unknownTable),
        Wrong(
            text: "SELECT 1 FROM nothing", column: 15, message: "nothing", suggestion: "there are requests, types",
            code: .unknownTable),
        Wrong(
            text: "SELECT UPER(s) FROM types", column: 8, message: "no function UPER", suggestion: "UPPER",
            code: .unknownFunction),
        Wrong(
            text: "SELECT cuont(*) FROM types", column: 8, message: "cuont", suggestion: "COUNT", code: .unknownFunction
        ),
        Wrong(text: "SELECT x.* FROM types AS t", column: 8, message: "no table x", code: .unknownTable),
        Wrong(
            text: "SELECT\n  s,\n  t.nope\nFROM types t", line: 3, column: 3, message: "t.nope", code: .unknownColumn),
        Wrong(
            text: "SELECT s FROM types WHERE s = GET", column: 31, message: "GET", suggestion: "'GET'",
            code: .unknownColumn),
        Wrong(
            text: "SELECT l * 2 AS dbl FROM types WHERE dbl > 3", column: 38, message: "dbl",
            suggestion: "can't be seen in WHERE", code: .unknownColumn),
        Wrong(text: "SELECT ROW_NUMBER() FROM types", column: 8, message: "needs OVER", code: .misplacedAggregate),
        Wrong(
            text: "WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", column: 23, message: "twice",
            code: .ambiguousName),
        Wrong(text: "WITH a AS (SELECT nope) SELECT 1", column: 19, message: "nope", code: .unknownColumn),
    ]

    static let types: [Wrong] = [
        Wrong(
            text: "SELECT s + 'x' FROM types", column: 10, message: "can't take", suggestion: "||", code: .typeMismatch),
        Wrong(text: "SELECT b AND 1 FROM types", column: 14, message: "AND can't take INT", code: .typeMismatch),
        Wrong(
            text: "SELECT l FROM types WHERE l", column: 27, message: "WHERE needs a condition", suggestion: "<> 0",
            code: .typeMismatch),
        Wrong(
            text: "SELECT SUM(s) FROM types", column: 12, message: "SUM needs numbers", suggestion: "TRY_CAST",
            code: .typeMismatch),
        Wrong(
            text: "SELECT ABS(s) FROM types", column: 8, message: "ABS can't take (VARCHAR)", suggestion: "ABS(",
            code: .typeMismatch),
        Wrong(text: "SELECT UPPER(s, s) FROM types", column: 8, message: "UPPER", code: .typeMismatch),
        Wrong(
            text: "SELECT COUNT() FROM types", column: 8, message: "one argument", suggestion: "COUNT(*)",
            code: .typeMismatch),
        Wrong(text: "SELECT MAX(*) FROM types", column: 8, message: "only COUNT", code: .typeMismatch),
        Wrong(
            text: "SELECT ts > 'yesterday' FROM types", column: 13, message: "can't be read as TIMESTAMP",
            code: .invalidLiteral),
        Wrong(
            text: "SELECT ip = '300.0.0.1' FROM types", column: 13, message: "can't be read as IP",
            code: .invalidLiteral),
        Wrong(
            text: "SELECT l = 'abc' FROM types", column: 12, message: "can't be read as BIGINT", code: .invalidLiteral),
        Wrong(text: "SELECT DATE '2024-13-01'", column: 8, message: "can't be read as DATE", code: .invalidLiteral),
        Wrong(text: "SELECT 1 UNION SELECT DATE '2024-01-01'", column: 10, message: "mixes", code: .typeMismatch),
        Wrong(text: "SELECT 1, 2 UNION SELECT 3", column: 13, message: "2 columns and 1", code: .invalidQuery),
        Wrong(text: "VALUES (1, 2), (3)", column: 17, message: "1 values", code: .invalidQuery),
        Wrong(
            text: "SELECT CASE WHEN b THEN 1 ELSE ts END FROM types", column: 32, message: "CASE mixes",
            code: .typeMismatch),
        Wrong(text: "SELECT APPROX_PERCENTILE(d, 99) FROM types", column: 29, message: "0 to 1", code: .invalidQuery),
        Wrong(text: "SELECT APPROX_PERCENTILE(d, f) FROM types", column: 29, message: "constant", code: .invalidQuery),
        Wrong(text: "SELECT CAST(ip AS DATE) FROM types", column: 8, message: "can't be cast", code: .typeMismatch),
    ]

    static let groups: [Wrong] = [
        Wrong(
            text: "SELECT s, COUNT(*) FROM types", column: 8, message: "must appear in GROUP BY",
            suggestion: "GROUP BY s", code: .misplacedAggregate),
        Wrong(
            text: "SELECT s, l FROM types GROUP BY s", column: 11, message: "column l in SELECT", suggestion: "MAX(l)",
            code: .misplacedAggregate),
        Wrong(text: "SELECT * FROM types GROUP BY s", column: 8, message: "must appear", code: .misplacedAggregate),
        Wrong(
            text: "SELECT s FROM types GROUP BY s ORDER BY l", column: 41, message: "in ORDER BY",
            code: .misplacedAggregate),
        Wrong(
            text: "SELECT s FROM types GROUP BY s HAVING l > 1", column: 39, message: "in HAVING",
            code: .misplacedAggregate),
        Wrong(
            text: "SELECT s FROM types WHERE COUNT(*) > 1", column: 27, message: "WHERE", suggestion: "HAVING",
            code: .misplacedAggregate),
        Wrong(
            text: "SELECT SUM(COUNT(*)) FROM types", column: 12, message: "another aggregate", code: .misplacedAggregate
        ),
        Wrong(
            text: "SELECT COUNT(*) AS n FROM types GROUP BY n", column: 42, message: "aggregate",
            code: .misplacedAggregate),
        Wrong(
            text: "SELECT COUNT(*) FROM types GROUP BY COUNT(*)", column: 37, message: "GROUP BY",
            code: .misplacedAggregate),
        Wrong(text: "SELECT s, COUNT(*) FROM types GROUP BY 3", column: 40, message: "2 items", code: .invalidQuery),
        Wrong(text: "SELECT s FROM types ORDER BY 0", column: 30, message: "1 items", code: .invalidQuery),
        Wrong(text: "SELECT DISTINCT s FROM types ORDER BY l", column: 39, message: "DISTINCT", code: .invalidQuery),
        Wrong(text: "SELECT UPPER(DISTINCT s) FROM types", column: 8, message: "DISTINCT", code: .misplacedAggregate),
        Wrong(text: "SELECT *", column: 8, message: "FROM", code: .invalidQuery),
    ]

    static let windows: [Wrong] = [
        Wrong(
            text: "SELECT * FROM TABLE(TUMBLE(TABLE types, DESCRIPTOR(l), INTERVAL '1' HOUR))", column: 52,
            message: "TIMESTAMP", suggestion: "ts", code: .typeMismatch),
        Wrong(
            text: "SELECT * FROM TABLE(TUMBLE(TABLE types, DESCRIPTOR(tz), INTERVAL '1' HOUR))", column: 52,
            message: "tz", suggestion: "ts", code: .unknownColumn),
        Wrong(
            text: "SELECT * FROM TABLE(TUMBLE(TABLE types, DESCRIPTOR(ts), INTERVAL '1' MONTH))", column: 57,
            message: "interval", code: .typeMismatch),
        Wrong(
            text: "SELECT * FROM TABLE(TUMBLE(TABLE types, DESCRIPTOR(ts), 10))", column: 57, message: "interval",
            code: .typeMismatch),
        Wrong(
            text: "SELECT * FROM TABLE(TUMBLE(TABLE types, DESCRIPTOR(ts), INTERVAL '0' HOUR))", column: 57,
            message: "more than zero", code: .invalidQuery),
        Wrong(
            text: "SELECT * FROM TABLE(HOP(TABLE types, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '2' SECOND))",
            column: 76, message: "multiple", code: .invalidQuery),
        Wrong(
            text: "SELECT * FROM TABLE(HOP(TABLE types, DESCRIPTOR(ts), INTERVAL '0.001' SECOND, INTERVAL '1' DAY))",
            column: 54, message: "windows", code: .limitExceeded),
        Wrong(
            text: "SELECT TUMBLE_START(ts, INTERVAL '1' HOUR) FROM types", column: 8, message: "TUMBLE_START",
            suggestion: "window_start", code: .unknownFunction),
    ]

    static let queries: [Wrong] = [
        Wrong(
            text: "SELECT s FROM types GROUP BY s HAVING MAX(l) IN (SELECT 1)", column: 46,
            message: "IN (query) of an aggregate",
            code: .unsupported),
        Wrong(
            text: "SELECT l IN (SELECT 1) FROM types GROUP BY s", column: 10, message: "can't stand beside groups",
            code: .unsupported),
    ]

    @Test(arguments: names + types + groups + windows + queries)
    func wrongQueriesArePointedAt(_ wrong: Wrong) {
        let error = Bind.error(wrong.text)
        #expect(error?.code == wrong.code, "\(error?.description ?? "no error")")
        #expect(error?.line == wrong.line)
        #expect(error?.column == wrong.column)
        #expect(error?.message.contains(wrong.message) == true, "\(error?.message ?? "no error")")
        if let suggestion = wrong.suggestion {
            #expect(error?.suggestion?.contains(suggestion) == true, "\(error?.suggestion ?? "no suggestion")")
        }
    }
}
