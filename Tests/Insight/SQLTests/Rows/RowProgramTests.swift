import Columns
import SQL
import Testing

/// Programs over one row give what the queries' kernels give.
@Suite struct RowProgramTests {
    static let fields = [
        PlanField(name: "path", type: .varchar), PlanField(name: "agent", type: .varchar),
        PlanField(name: "status", type: .bigint), PlanField(name: "bytes", type: .bigint),
        PlanField(name: "ip", type: .ip), PlanField(name: "ok", type: .boolean),
    ]

    /// A row's values; nil is NULL.
    struct Row {
        var path: String?
        var agent: String?
        var status: Int64?
        var bytes: Int64?
        var ip: IPAddress?
        var ok: Bool?

        init(_ random: inout some RandomNumberGenerator) {
            let texts = [
                "/api/v1", "/api/", "/", "/img/a.png", "", "curl/8.1", "Äpfel", "/API/x%y", "42", "-7", "x'y", "a,b",
            ]
            let numbers: [Int64] = [0, 1, 200, 404, 500, -3, 1 << 40]
            path = Int.random(in: 0..<6, using: &random) == 0 ? nil : texts.randomElement(using: &random)
            agent = Int.random(in: 0..<4, using: &random) == 0 ? nil : texts.randomElement(using: &random)
            status = Int.random(in: 0..<5, using: &random) == 0 ? nil : numbers.randomElement(using: &random)
            bytes = numbers.randomElement(using: &random)
            ip = ["10.0.0.1", "10.9.9.9", "192.168.1.1", "2001:db8::1", "x"].randomElement(using: &random)
                .flatMap { IPAddress($0) }
            ok = [true, false, nil].randomElement(using: &random) ?? nil
        }

        var batch: Batch {
            let schema = Schema(RowProgramTests.fields.map { Field($0.name, $0.type.fieldType) })
            var columns: [Column] = []
            for (index, type) in RowProgramTests.fields.map(\.type.fieldType).enumerated() {
                var builder = ColumnBuilder(type: type, capacity: 1)
                append(index, to: &builder)
                columns.append(builder.finish())
            }
            return Batch(schema: schema, rowCount: 1, columns: columns)
        }

        private func append(_ index: Int, to builder: inout ColumnBuilder) {
            switch index {
            case 0, 1:
                guard let text = index == 0 ? path : agent else { return builder.appendNull() }
                let bytes = Array(text.utf8)
                builder.append(bytes: bytes, in: 0..<bytes.count)
            case 2, 3:
                guard let number = index == 2 ? status : bytes else { return builder.appendNull() }
                builder.append(int64: number)
            case 4: if let ip { builder.append(ip: ip) } else { builder.appendNull() }
            default: if let ok { builder.append(bool: ok) } else { builder.appendNull() }
            }
        }

        func fill(_ values: inout RowValues) {
            values.first = Array(((path ?? "") + (agent ?? "")).utf8)
            let split = (path ?? "").utf8.count
            if path != nil { values.set(0, .first, 0..<split) } else { values.setNull(0) }
            if agent != nil { values.set(1, .first, split..<values.first.count) } else { values.setNull(1) }
            if let status { values.set(2, status) } else { values.setNull(2) }
            if let bytes { values.set(3, bytes) } else { values.setNull(3) }
            if let ip { values.set(4, ip) } else { values.setNull(4) }
            if let ok { values.set(5, ok) } else { values.setNull(5) }
        }
    }

    static let conditions = [
        "path = '/api/'", "path <> '/'", "'/' = path", "path > agent", "path LIKE '/api/%'", "path LIKE '%png'",
        "path LIKE '%p%'", "path LIKE '_api%'", "path NOT LIKE '/x!%y' ESCAPE '!'", "path IN ('/', '/api/')",
        "path IN ('/', NULL)", "path NOT IN ('/', '/api/')", "REGEXP(path, '^/(api|img)/')", "REGEXP(path, '')",
        "status = 200", "status >= 400 AND status < 500", "200 < status", "status BETWEEN 200 AND 299",
        "status IN (200, 404)", "status <> bytes", "status IS NULL", "status IS NOT NULL OR path = '/'",
        "ip = '10.0.0.1'", "IP_IN_CIDR(ip, '10.0.0.0/8')", "ip IN ('10.0.0.1', '2001:db8::1')", "ok", "NOT ok",
        "ok IS TRUE", "ok IS FALSE", "ok IS UNKNOWN", "ok AND path = '/'", "ok OR status = 404",
        "NOT (ok AND status = 200 AND path LIKE '/%')", "LOWER(path) = '/api/v1'", "UPPER(agent) LIKE 'CURL%'",
        "path || agent = '/curl/8.1'", "COALESCE(agent, path, 'none') = 'none'", "CHAR_LENGTH(path) > 4",
        "CASE WHEN ok THEN status ELSE bytes END = 200", "CASE WHEN ok THEN path WHEN status = 1 THEN agent END = '/'",
        "IF(ok, path, agent) IS NULL", "TRY_CAST(path AS BIGINT) = 42", "CAST(status AS VARCHAR) = '200'",
        "CAST(ip AS VARCHAR) LIKE '10.%'", "SUBSTRING(path FROM 2 FOR 3) = 'api'", "status % 100 = 4",
        "status * 1.5 > 300.5", "bytes / 2 > 100 AND SQRT(ABS(status)) > 14", "STARTSWITH(path, '/api')",
        "ENDSWITH(agent, '8.1')", "POSITION('api' IN path) = 2", "MD5(path) = 'x' OR path IS NULL",
        "REGEXP_REPLACE(path, '^/api', '') = '/v1'", "SPLIT_INDEX(path, '/', 1) = 'api'",
        "path SIMILAR TO '/(api|img)%'",
        "NULLIF(path, '/') IS NULL", "path IS DISTINCT FROM agent", "GREATEST(status, bytes) > 400",
        "URL_DECODE(path) = '/'", "1 = 1", "1 = 2", "NULL", "status = 1 AND NULL", "CAST(NULL AS BOOLEAN) OR ok",
        "(ok OR path = '/') AND (status = 200 OR agent LIKE 'c%') AND NOT (bytes = 0)",
    ]

    @Test func conditionsAgreeWithTheKernels() throws {
        var random = SystemRandomNumberGenerator()
        for text in Self.conditions {
            var binder = RowBinder(fields: Self.fields, keyed: [])
            let condition = try binder.condition(text)
            let program = try RowProgram(conditions: [condition], binder)
            let kernels = try CompiledExpression(condition)
            var values = RowValues()
            for _ in 0..<200 {
                let row = Row(&random)
                values.begin(slots: program.slotCount)
                row.fill(&values)
                let column = try kernels.evaluate(row.batch, context: EvaluationContext(now: 0))
                let expected: Bool?
                if column.isNull(0) {
                    expected = nil
                } else if case .bool(let bits) = column.storage {
                    expected = bits[0]
                } else {
                    expected = nil
                }
                let found = try program.test(0, &values)
                #expect(found == expected, "\(text) over \(row)")
            }
        }
    }

    @Test func whatIsUsualNeedsNoKernel() throws {
        for text in [
            "path = '/a' AND agent LIKE 'curl%' AND status IN (1, 2) AND NOT ok", "REGEXP(path, 'a+')",
            "COALESCE(agent, path) = 'x'", "IP_IN_CIDR(ip, '10.0.0.0/8')", "CASE WHEN ok THEN path END = 'x'",
        ] {
            var binder = RowBinder(fields: Self.fields, keyed: [])
            let program = try RowProgram(conditions: [try binder.condition(text)], binder)
            #expect(program.slowPartCount == 0, "\(text)")
        }
    }

    static let values = [
        "path", "'x'", "path || '-' || CAST(status AS VARCHAR)", "COALESCE(agent, 'none')", "UPPER(path)",
        "CASE WHEN ok THEN 'yes' ELSE 'no' END", "REPLACE(path, '/', '.')", "CAST(ip AS VARCHAR)", "NULL",
        "LOWER(agent) || LOWER(path)", "CAST(1.25 AS VARCHAR) || path", "COALESCE(path, agent) || IF(ok, 'a', 'b')",
    ]

    @Test func valuesAgreeWithTheKernels() throws {
        var random = SystemRandomNumberGenerator()
        for text in Self.values {
            var binder = RowBinder(fields: Self.fields, keyed: [])
            let value = try binder.value(text, as: .varchar)
            let program = try RowProgram(value: value, binder)
            let kernels = try CompiledExpression(value)
            var values = RowValues()
            for _ in 0..<100 {
                let row = Row(&random)
                values.begin(slots: program.slotCount)
                row.fill(&values)
                let column = try kernels.evaluate(row.batch, context: EvaluationContext(now: 0))
                var found: [UInt8] = []
                let isThere = try program.text(&values, into: &found)
                #expect(isThere == !column.isNull(0), "\(text) over \(row)")
                if isThere { #expect(column.bytes(0).map { Array($0) } == found, "\(text) over \(row)") }
            }
        }
    }

    /// A table of texts.
    private final class Names: RowTable {
        func contains(text: Span<UInt8>) -> Bool? { text.count == 1 }
        func contains(integer: Int64) -> Bool? { nil }
        func contains(address: IPAddress) -> Bool? { address == IPAddress("10.0.0.1") }
    }

    @Test(
        arguments: [
            ("path IN TABLE t", true), ("path NOT IN TABLE t", false), ("status IN TABLE t", nil),
            ("ip IN TABLE t", true), ("LOWER(path) || 'x' IN TABLE t", false), ("path IN TABLE t AND status = 1", true),
            ("agent IN TABLE t", nil), ("IF(path IN TABLE t, 1, 2) = 1", true),
        ] as [(String, Bool?)])
    func tablesAreAsked(text: String, expected: Bool?) throws {
        var binder = RowBinder(fields: Self.fields, keyed: [])
        let program = try RowProgram(conditions: [try binder.condition(text)], binder)
        #expect(binder.tables == ["t"])
        var values = RowValues()
        values.tables = [Names()]
        values.begin(slots: program.slotCount)
        values.first = [0x2F]
        values.set(0, .first, 0..<1)
        values.setNull(1)
        values.set(2, 1)
        values.set(4, try #require(IPAddress("10.0.0.1")))
        #expect(try program.test(0, &values) == expected)
    }

    @Test func keyedFieldsAreColumns() throws {
        let keyed = RowBinder.Keyed(function: "HEADER", name: "request.headers", ignoresCase: true)
        var binder = RowBinder(fields: Self.fields, keyed: [keyed])
        _ = try binder.condition("header('X-A') = 'b' AND request.headers['x-a'] = 'c' AND Header('x-b') IS NULL")
        #expect(binder.lookups == [.keyed(0, key: "x-a"), .keyed(0, key: "x-b")])
    }

    @Test(arguments: [
        ("header(path) = 'a'", "takes the name"), ("request.headers['a']['b'] = 'c'", "one name"),
        ("COUNT(*) > 1", "a rule"), ("paths = '/'", "did you mean path"), ("path", "needs a condition"),
        ("path IN (SELECT a FROM t)", ""), ("ip IN TABLE", "name of a table"), ("REGEXP(path, '(')", "wrong"),
        ("1.5 IN TABLE t", "can't be"),
    ])
    func mistakesAreTold(text: String, message: String) throws {
        let keyed = RowBinder.Keyed(function: "HEADER", name: "request.headers", ignoresCase: true)
        let error = try #require(throws: SQLError.self) {
            var binder = RowBinder(fields: Self.fields, keyed: [keyed])
            _ = try RowProgram(conditions: [try binder.condition(text)], binder)
        }
        #expect("\(error)".contains(message), "\(error)")
    }

    @Test func aCostlyPatternIsGivenUp() throws {
        var binder = RowBinder(fields: Self.fields, keyed: [])
        let program = try RowProgram(conditions: [try binder.condition("REGEXP(path, '^(a+)+$')")], binder)
        var values = RowValues(matchLimit: 1_000)
        values.begin(slots: program.slotCount)
        values.first = Array(repeating: 0x61, count: 40) + [0x62]
        values.set(0, .first, 0..<41)
        let error = try #require(throws: SQLError.self) { _ = try program.test(0, &values) }
        #expect(error.code == .limitExceeded)
    }

    @Test func tenThousandConditionsAreCompiled() throws {
        let text = (0..<10_000).map { "path = '/\($0)'" }.joined(separator: " OR ")
        var binder = RowBinder(fields: Self.fields, keyed: [])
        let program = try RowProgram(conditions: [try binder.condition(text)], binder)
        var values = RowValues()
        values.begin(slots: program.slotCount)
        values.first = Array("/9999".utf8)
        values.set(0, .first, 0..<5)
        #expect(try program.test(0, &values) == true)
    }
}
