import Testing

@testable import SQL

struct ParserTests {
    private func microseconds(_ interval: String) throws -> Int64? {
        switch try SQLParser.parseCondition("INTERVAL \(interval)", limits: .standard) {
        case .literal(.intervalDaySecond(let amount), _): amount
        case .literal(.intervalYearMonth(let months), _): months
        default: nil
        }
    }

    @Test(arguments: [
        ("'10' SECOND", 10_000_000), ("'1.5' SECOND", 1_500_000), ("'0.000001' SECOND", 1),
        ("'-3' MINUTE", -180_000_000),
        ("-'3' MINUTES", -180_000_000), ("'2' HOURS", 7_200_000_000), ("'1' DAY", 86_400_000_000),
        ("'1' WEEK", 604_800_000_000), ("'250' MILLISECONDS", 250_000), ("10 SECOND", 10_000_000),
        ("'1:30' MINUTE TO SECOND", 90_000_000), ("'1:00:01.5' HOUR TO SECOND", 3_601_500_000),
        ("'2 03:04:05' DAY TO SECOND", 183_845_000_000), ("'2 3' DAY TO HOUR", 183_600_000_000),
        ("'2 3:4' DAY TO MINUTE", 183_840_000_000), ("'3' MONTH", 3), ("'2' YEARS", 24), ("'1' QUARTER", 3),
        ("'1-6' YEAR TO MONTH", 18), ("'10' SECOND(3)", 10_000_000),
    ])
    func intervals(text: String, amount: Int64) throws {
        #expect(try microseconds(text) == amount)
    }

    @Test func operatorsBindAsInCalcite() throws {
        func shape(_ text: String) throws -> String {
            Self.shape(try SQLParser.parseCondition(text, limits: .standard))
        }
        #expect(try shape("a + b * c - d") == "((a + (b * c)) - d)")
        #expect(try shape("-a * b") == "((-a) * b)")
        #expect(try shape("NOT a = b AND c OR d") == "OR(AND((NOT (a = b)), c), d)")
        #expect(try shape("a = b IS NULL") == "((a = b) IS NULL)")
        #expect(try shape("a || b = c") == "((a || b) = c)")
        #expect(try shape("a BETWEEN 1 AND 2 AND b") == "AND((a BETWEEN 1 2), b)")
        #expect(try shape("a NOT IN (1, 2) OR b NOT LIKE 'x' ESCAPE '!'") == "OR((a NOT IN 1 2), (b NOT LIKE x !))")
        #expect(try shape("a AND b AND c AND d") == "AND(a, b, c, d)")
        #expect(try shape("a - -1") == "(a - -1)")
        #expect(try shape("-9223372036854775808") == "-9223372036854775808")
    }

    @Test func specialFormsAreCalls() throws {
        func shape(_ text: String) throws -> String {
            Self.shape(try SQLParser.parseCondition(text, limits: .standard))
        }
        #expect(try shape("EXTRACT(year FROM ts)") == "EXTRACT(YEAR, ts)")
        #expect(try shape("FLOOR(ts TO HOUR)") == "FLOOR(ts, HOUR)")
        #expect(try shape("CEIL(x)") == "CEIL(x)")
        #expect(try shape("SUBSTRING(s FROM 2 FOR 3)") == "SUBSTRING(s, 2, 3)")
        #expect(try shape("SUBSTRING(s, 2)") == "SUBSTRING(s, 2)")
        #expect(try shape("TRIM(LEADING '0' FROM s)") == "LTRIM(s, 0)")
        #expect(try shape("TRIM(BOTH FROM s)") == "TRIM(s)")
        #expect(try shape("TRIM(s)") == "TRIM(s)")
        #expect(try shape("TRIM(' ' FROM s)") == "TRIM(s,  )")
        #expect(try shape("POSITION('a' IN s)") == "POSITION(a, s)")
        #expect(try shape("TIMESTAMPDIFF(DAY, a, b)") == "TIMESTAMPDIFF(DAY, a, b)")
        #expect(try shape("s IS NOT JSON OBJECT") == "(NOT IS JSON(s, OBJECT))")
        #expect(try shape("LEFT(s, 2)") == "LEFT(s, 2)")
        #expect(try shape("count(DISTINCT a) FILTER (WHERE b)") == "count(DISTINCT a) FILTER b")
    }

    @Test func createTableDeclaresTypesAndWatermark() throws {
        let statements = try SQLParser.parse(
            """
            CREATE TEMPORARY TABLE bids (
              auction BIGINT NOT NULL, bidder BIGINT, price DOUBLE, channel STRING, `date_time` TIMESTAMP(3),
              url.path VARCHAR(200), PRIMARY KEY (auction) NOT ENFORCED,
              WATERMARK FOR `date_time` AS `date_time` - INTERVAL '4' SECOND
            ) WITH ('connector' = 'file', 'path' = 'bids.ndjson');
            SELECT 1;
            """)
        guard statements.count == 2, case .createTable(let table) = statements[0] else {
            Issue.record("no table")
            return
        }
        #expect(table.name == "bids")
        #expect(table.fields.map(\.name) == ["auction", "bidder", "price", "channel", "date_time", "url.path"])
        #expect(table.fields.map(\.type) == [.bigint, .bigint, .double, .varchar, .timestamp, .varchar])
        #expect(table.timeColumn == "date_time")
        #expect(table.watermarkDelay == 4_000_000)
        #expect(table.options == ["connector": "file", "path": "bids.ndjson"])
    }

    /// An expression with all its parentheses.
    static func shape(_ expression: Expression) -> String {
        switch expression {
        case .name(let name): return name.text
        case .literal(.text(let text), _): return text
        case .literal(.integer(let value), _): return String(value)
        case .literal(let literal, _): return "\(literal)"
        case .unary(let unary, let operand, _):
            return "(\(unary == .not ? "NOT " : unary == .minus ? "-" : "+")\(shape(operand)))"
        case .binary(let binary, let left, let right, _): return "(\(shape(left)) \(binary.rawValue) \(shape(right)))"
        case .logical(let connective, let operands):
            return "\(connective.rawValue)(\(operands.map(shape).joined(separator: ", ")))"
        case .call(let call):
            let filter = call.filter.map { " FILTER \(shape($0))" } ?? ""
            let arguments = call.arguments.map(shape).joined(separator: ", ")
            return "\(call.name)(\(call.isDistinct ? "DISTINCT " : "")\(arguments))" + filter
        case .like(let text, let pattern, let escape, let isNegated, _):
            let parts =
                [shape(text), isNegated ? "NOT LIKE" : "LIKE", shape(pattern)] + (escape.map { [shape($0)] } ?? [])
            return "(\(parts.joined(separator: " ")))"
        case .between(let value, let low, let high, _, _, _):
            return "(\(shape(value)) BETWEEN \(shape(low)) \(shape(high)))"
        case .inList(let value, let items, let isNegated, _):
            return "(\(shape(value)) \(isNegated ? "NOT IN" : "IN") \(items.map(shape).joined(separator: " ")))"
        case .truth(let value, let test, _, _): return "(\(shape(value)) IS \(test.rawValue))"
        default: return "?"
        }
    }
}
