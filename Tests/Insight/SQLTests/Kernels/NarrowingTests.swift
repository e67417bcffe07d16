import Columns
import Testing

@testable import SQL

/// Rows that are not needed are not computed.
struct NarrowingTests {
    private let rows = KernelRows(
        [(1, 1), (2, 0), (3, 3), (4, 0), (5, -1)].map { i, k in
            KernelRows.fields.map { $0.name == "i" ? .int64(i) : $0.name == "k" ? .int64(k) : .null }
        })

    private func select(_ text: String) throws -> [UInt32] {
        try CompiledExpression(KernelRows.bind(text)).select(rows.plain, context: KernelRows.context)
    }

    @Test func rightSidesSeeOnlyTheRowsTheyDecide() throws {
        #expect(try select("k <> 0 AND 10 / k > 2") == [0, 2])
        #expect(try select("k = 0 OR 10 / k > 2") == [0, 1, 2, 3])
        #expect(try select("(k <> 0 AND 10 / k > 2) OR i = 4") == [0, 2, 3])
        #expect(try select("CASE WHEN k = 0 THEN FALSE WHEN 10 / k > 2 THEN TRUE ELSE FALSE END") == [0, 2])
        #expect(try select("IF(k = 0, 0, 10 / k) < 0") == [4])
        #expect(try select("COALESCE(NULLIF(k, 0), 0) = 0") == [1, 3])
    }

    @Test func whatIsNeededFails() {
        for text in [
            "10 / k > 2", "10 % k > 2 AND i > 0", "i / (k * 0) = 1", "CASE WHEN k = 0 THEN 1 / k ELSE 1 END = 1",
        ] {
            #expect(throws: SQLError.divisionByZero, "\(text)") { try select(text) }
        }
    }

    @Test func nullDivisorsAndDividendsDoNotFail() throws {
        #expect(try select("10 / NULLIF(k, 0) > 2") == [0, 2])
        #expect(try select("l / 0 = 1") == [])
        #expect(try select("(l / k) IS NULL") == [0, 1, 2, 3, 4])
    }

    @Test func anUnusedDictionaryEntryDoesNotFail() throws {
        let all = KernelRows(
            (0..<20).map { row in KernelRows.fields.map { $0.name == "s" ? .bytes(Array("\(row % 3)".utf8)) : .null } })
        let column = try CompiledExpression(KernelRows.bind("CAST(s AS INT)")).evaluate(
            all.coded, context: KernelRows.context)
        #expect(column.int64s == (0..<20).map { $0 % 3 })
    }

    @Test func emptyFramesFailInNothing() throws {
        let compiled = try CompiledExpression(KernelRows.bind("1 / 0"))
        #expect(try compiled.evaluate(rows.plain, rows: [], context: KernelRows.context).count == 0)
    }

    @Test func aColumnOfAnotherTypeFailsTheQuery() throws {
        let compiled = try CompiledExpression(KernelRows.bind("i + k"))
        let other = rows.plain.project([3])
        #expect(throws: SQLError.self) { try compiled.evaluate(other, context: KernelRows.context) }
    }

    /// Nothing here may trap.
    @Test(arguments: [
        "TIMESTAMPADD(DAY, l, day)", "TIMESTAMPADD(YEAR, l, day)", "TIMESTAMPADD(MONTH, l, ts)",
        "TIMESTAMPADD(SECOND, l, ts)",
        "YEAR(TIMESTAMPADD(DAY, l, day))", "CAST(TIMESTAMPADD(DAY, l, day) AS VARCHAR)",
        "FLOOR(TIMESTAMPADD(DAY, l, day) TO MONTH)",
        "TO_TIMESTAMP_LTZ(l, 0)", "FROM_UNIXTIME(l)", "FROM_UNIXTIME(d)",
        "DATE_FORMAT(TO_TIMESTAMP_LTZ(l, 6), 'yyyy D EEEE')",
        "SUBSTRING('abc', l, l)", "LEFT('abc', l)", "RIGHT('abc', l)", "LOCATE('a', 'banana', l)",
        "SPLIT_INDEX('a,b', ',', l)", "CHR(l)",
        "ROUND(l, l)", "ROUND(d, l)", "TRUNCATE(d, -308)", "ABS(l)", "-l", "l / -1", "l % -1", "INTERVAL '1' DAY * l",
        "INTERVAL '1' DAY * d",
        "day + INTERVAL '1' DAY * l", "ts - INTERVAL '99' YEAR * l", "TIMESTAMPDIFF(MONTH, TO_TIMESTAMP_LTZ(l, 6), ts)",
        "CEIL(TO_TIMESTAMP_LTZ(l, 6) TO YEAR)",
        "CEIL(TO_TIMESTAMP_LTZ(l, 6) TO WEEK)", "EXTRACT(WEEK FROM TO_TIMESTAMP_LTZ(l, 6))", "TRY_CAST(d AS BIGINT)",
        "TRY_CAST(d AS DECIMAL(38, 0))",
        "CAST(TRY_CAST(d AS DECIMAL(38, 10)) AS VARCHAR)", "CAST(INTERVAL '1' DAY * l AS VARCHAR)",
        "CAST(INTERVAL '1' MONTH * l AS VARCHAR)",
        "TO_TIMESTAMP('999999999-001', 'y-DDD')", "TO_TIMESTAMP('9999999 366 -23:59', 'y D X')",
        "REGEXP_EXTRACT('a', 'a', l)",
    ]) func extremesDoNotTrap(_ text: String) throws {
        let many = KernelRows(count: 200, seed: 11)
        _ = try CompiledExpression(KernelRows.bind(text)).evaluate(many.plain, context: KernelRows.context)
    }

    @Test func foldsWhatIsConstant() throws {
        #expect(try CompiledExpression(KernelRows.bind("UPPER('a') || 'b'")).constant == .bytes(Array("Ab".utf8)))
        #expect(try CompiledExpression(KernelRows.bind("NOW()")).constant == nil)
        #expect(try CompiledExpression(KernelRows.bind("i + 1")).constant == nil)
    }

    @Test func caseOverConstantsGivesADictionary() throws {
        let many = KernelRows(count: 500, seed: 3)
        let text = "CASE WHEN i > 0 THEN 'pos' WHEN i < 0 THEN 'neg' ELSE 'zero' END"
        let column = try CompiledExpression(KernelRows.bind(text)).evaluate(many.plain, context: KernelRows.context)
        guard case .dictionary = column.storage else {
            Issue.record("expected a dictionary")
            return
        }
    }
}
