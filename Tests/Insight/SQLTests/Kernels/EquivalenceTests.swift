import Columns
import Testing

@testable import SQL

/// Whatever shape the operands have, a row's value is the same: plain text and dictionary, whole batch and selection,
/// column and literal.
struct EquivalenceTests {
    static let expressions = [
        "i + k", "i - 1", "l * 3", "i * i", "-i", "i + l", "d + i", "d / 2", "d % 2", "i / 7", "l % 7",
        "MOD(l, i * 0 + 5)",
        "CASE WHEN k <> 0 THEN i / k ELSE -99 END", "k <> 0 AND i / k > 0", "k = 0 OR i % k = 0", "ABS(i)",
        "ROUND(d, 1)", "SIGN(l)", "GREATEST(i, k, 2)", "LEAST(s, t)", "CEIL(d)", "TRUNCATE(l, -2)",
        "i = k", "i < k", "i >= 7", "7 <= i", "l <> 3", "d < 1", "d >= i", "s = t", "s = 'a'", "s <> 'a'", "'a' = s",
        "s < t", "s >= 'H'", "b = c", "b < c", "b >= c", "ts < TIMESTAMP '2001-01-01 00:00:00'", "ts = day",
        "ip = '10.1.2.3'",
        "ip < '11.0.0.0'", "i IS DISTINCT FROM k", "s IS NOT DISTINCT FROM t", "NULLIF(i, k)", "NULLIF(s, t)",
        "b AND c", "b OR c", "NOT b", "b IS TRUE", "b IS NOT FALSE", "i IS NULL", "s IS NOT NULL", "b AND NULL",
        "b OR NULL", "i > 0 AND b", "i > 0 OR (b AND c)", "NOT (b AND c) OR i IS NULL",
        "i IN (1, 7, 100)", "i NOT IN (1, NULL)", "l IN (1,2,3,4,5,6,7,8,9,10)", "s IN ('a', '', 'nothing')",
        "s NOT IN ('a', NULL)", "d IN (0.5, 2.5)", "ip IN ('10.1.2.3', '::1')", "b IN (TRUE)",
        "i BETWEEN 0 AND 50", "s LIKE '%o%'", "s LIKE 'H%'", "s LIKE '%d'", "s LIKE '_'", "s LIKE 'h_llo%'",
        "s NOT LIKE '%l%'",
        "s LIKE t", "s LIKE '10#%#_%' ESCAPE '#'", "UPPER(s)", "LOWER(s)", "INITCAP(s)", "CHAR_LENGTH(s)",
        "SUBSTRING(s, 2, 3)", "SUBSTRING(s, -3)", "SUBSTRING(s, k, 2)", "s || '-' || t", "CONCAT(s, i)",
        "CONCAT_WS(',', s, t, i)", "TRIM(s)", "LTRIM(s)", "RTRIM(s)", "TRIM(BOTH 'a' FROM s)", "LPAD(s, 8, '*')",
        "RPAD(s, 12, 'xyz')", "REPLACE(s, 'l', 'LL')", "POSITION('o' IN s)", "LOCATE(t, s, 2)", "INSTR(s, t)",
        "LEFT(s, 3)", "RIGHT(s, k)", "REVERSE(s)", "REPEAT(s, k)", "SPLIT_INDEX(s, ',', 1)", "SPLIT_INDEX(s, t, k)",
        "STARTSWITH(s, t)", "ENDSWITH(s, 'd')", "ASCII(s)", "REGEXP(s, '[A-Z]+')",
        "REGEXP_EXTRACT(s, '(\\w+) (\\w+)', 2)",
        "REGEXP_REPLACE(s, '[aeiou]', '<$0>')", "URL_ENCODE(s)", "URL_DECODE(s)", "TO_BASE64(s)",
        "FROM_BASE64(TO_BASE64(s))",
        "COALESCE(i, k, 5)", "COALESCE(s, t, 'none')", "IFNULL(s, 'nil')", "IF(b, s, t)", "IF(c, i, l)",
        "CASE WHEN i > 0 THEN 'pos' WHEN i < 0 THEN 'neg' END", "CASE s WHEN 'a' THEN 1 WHEN '' THEN 2 ELSE 3 END",
        "CASE WHEN b THEN s WHEN c THEN UPPER(t) ELSE 'x' END", "CASE WHEN b THEN d WHEN c THEN i END",
        "EXTRACT(YEAR FROM ts)", "MONTH(ts)", "EXTRACT(DAY FROM day)", "HOUR(ts)", "SECOND(ts)",
        "EXTRACT(EPOCH FROM ts)",
        "EXTRACT(WEEK FROM day)", "DAYOFWEEK(ts)", "QUARTER(day)", "FLOOR(ts TO HOUR)", "CEIL(ts TO MONTH)",
        "FLOOR(day TO YEAR)",
        "FLOOR(ts TO WEEK)", "DATE_FORMAT(ts, 'yyyy/MM/dd HH:mm:ss.SSS')", "TIMESTAMPADD(MONTH, k, ts)",
        "TIMESTAMPADD(DAY, k, day)",
        "TIMESTAMPDIFF(DAY, day, ts)", "TIMESTAMPDIFF(MONTH, ts, day)", "ts + INTERVAL '1' DAY",
        "day - INTERVAL '1' MONTH",
        "ts - day", "INTERVAL '1' HOUR * k", "TO_TIMESTAMP_LTZ(k, 0)", "FROM_UNIXTIME(i)", "UNIX_TIMESTAMP(ts)",
        "CAST(i AS VARCHAR)", "CAST(d AS VARCHAR)", "CAST(ts AS VARCHAR)", "CAST(ip AS VARCHAR)", "CAST(b AS VARCHAR)",
        "TRY_CAST(s AS INT)", "TRY_CAST(d AS BIGINT)", "TRY_CAST(l AS INT)", "CAST(i AS DOUBLE)", "CAST(b AS INT)",
        "CAST(i AS BOOLEAN)", "TRY_CAST(s AS TIMESTAMP)", "CAST(ts AS DATE)", "CAST(day AS TIMESTAMP)",
        "TRY_CAST(j AS DOUBLE)", "CAST(j AS VARCHAR)", "CAST(s AS VARBINARY)", "CAST(i AS DECIMAL(12, 2))",
        "JSON_VALUE(j, '$.a.b[1]')", "JSON_QUERY(j, '$.a')", "JSON_EXISTS(j, '$.a.b[*]')", "j IS JSON OBJECT",
        "s IS JSON", "IP_IN_CIDR(ip, '10.0.0.0/8')", "j = 1", "j = 'x'",
    ]

    @Test(arguments: expressions) func sameInEveryShape(_ text: String) throws {
        let bound = try KernelRows.bind(text)
        let compiled = try CompiledExpression(bound)
        let context = KernelRows.context
        for (count, seed) in [(150, UInt64(7)), (64, 99)] {
            let rows = KernelRows(count: count, seed: seed)
            let whole = try shown(compiled.evaluate(rows.plain, context: context))
            #expect(try shown(compiled.evaluate(rows.coded, context: context)) == whole, "dictionary")
            let selection = (0..<count).filter { $0 % 3 != 1 }.map { UInt32($0) }
            let wanted = selection.map { whole[Int($0)] }
            #expect(try shown(compiled.evaluate(rows.plain, rows: selection, context: context)) == wanted)
            #expect(try shown(compiled.evaluate(rows.coded, rows: selection, context: context)) == wanted)
            for row in 0..<min(count, 20) { try compareLiteral(bound, rows, row, whole[row]) }
            if bound.type == .boolean { try compareSelect(compiled, rows, whole, selection) }
        }
        let none = try compiled.evaluate(KernelRows([]).plain, context: context)
        #expect(none.count == 0 && none.type == bound.type.fieldType)
    }

    /// With the row's values as literals, so that folding computes it.
    private func compareLiteral(_ bound: BoundExpression, _ rows: KernelRows, _ row: Int, _ wanted: String) throws {
        let literals = rows.rows[row].enumerated().map { field, value in
            BoundExpression.literal(value, type: KernelRows.fields[field].type)
        }
        let compiled = try CompiledExpression(bound.replacingColumns(literals))
        let column = try compiled.evaluate(rows.plain.slice(0..<1), context: KernelRows.context)
        #expect(shown(column) == [wanted], "row \(row): \(rows.rows[row])")
    }

    private func compareSelect(
        _ compiled: CompiledExpression, _ rows: KernelRows, _ whole: [String], _ selection: [UInt32]
    ) throws {
        let truth = "\(Value.bool(true))"
        let wanted = whole.indices.filter { whole[$0] == truth }.map { UInt32($0) }
        #expect(try compiled.select(rows.plain, context: KernelRows.context) == wanted)
        #expect(try compiled.select(rows.coded, context: KernelRows.context) == wanted)
        let kept = selection.filter { whole[Int($0)] == truth }
        #expect(try compiled.select(rows.plain, rows: selection, context: KernelRows.context) == kept)
    }

    private func shown(_ column: Column) -> [String] { (0..<column.count).map { "\(column.value($0))" } }

    /// Lists as sets know values by their identity, all else by comparing two.
    @Test func valuesOfJSONHaveOneIdentityWhereTheyAreEqual() {
        let texts = [
            "1", "1.0", "10e-1", "-0", "0.0", "12345678901234567890123", "1e999", "2e999", "-", "\"a\"", "\"\\u0061\"",
            "\"1\"", "\"\\q\"",
            "null", "true", "false", "[1, 2]", "[1,2]", "[1,2.0]", "{\"k\": 1}", "{\"k\":1}", "{}", "[]",
        ].map { Array($0.utf8) }
        for left in texts {
            for right in texts {
                let isSame = JSONText.identity(of: left.span) == JSONText.identity(of: right.span)
                let words = "\(String(decoding: left, as: UTF8.self)) and \(String(decoding: right, as: UTF8.self))"
                #expect(isSame == JSONText.areEqual(left.span, right.span), "\(words)")
            }
        }
    }
}
