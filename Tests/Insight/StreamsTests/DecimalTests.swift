import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

/// Decimals from the log to an answer.
@Suite struct DecimalTests {
    private static let schema = Schema([Field("@timestamp", .timestamp), Field("price", .decimal(scale: 2))])

    private static func batch(_ prices: [Int128?]) -> Batch {
        Rows.batch(
            schema.fields.map { ($0.name, $0.type) },
            prices.enumerated().map { [1_700_000_000_000_000 + $0 * 1_000_000, $1] })
    }

    private static func ask(_ text: String, _ log: EventLog) -> [String] {
        let service = QueryService(log: log)
        defer { service.stop() }
        let sink = CollectingSink()
        service.run(QueryRequest(text), sink: sink)
        let answer = sink.wait(timeoutMilliseconds: 30_000) ?? CollectingSink.Answer()
        return answer.error.map { ["\($0)"] } ?? Rows.text(answer.batches)
    }

    @Test func aTopicOfDecimalsSurvivesACrash() throws {
        let storage = SimulatedStorage(seed: 3)
        let options = EventLogOptions(folder: "/log")
        var log = try EventLog.open(options, storage: storage)
        try log.createTopic("sales", schema: Self.schema)
        let large: Int128 = 99_999_999_999_999_999_999_999_999_999_999_999_999
        log.append(Self.batch([110, 220, nil, large, -large]), to: "sales", durability: .commit)
        try log.flush()
        storage.crash()
        log.close()
        log = try EventLog.open(options, storage: storage)
        defer { log.close() }
        let total = "SELECT SUM(price), MAX(price), COUNT(price) FROM sales"
        #expect(Self.ask(total, log) == ["3.30|999999999999999999999999999999999999.99|4"])
        #expect(Self.ask("SELECT price FROM sales WHERE price BETWEEN 1.1 AND 1.100", log) == ["1.10"])
        #expect(Self.ask("SELECT price * 2.5 FROM sales WHERE price = 2.2", log) == ["5.500"])
        #expect(
            Self.ask("CREATE TABLE sales (price DECIMAL(5, 2)); SELECT price FROM sales", log)
                == ["1.10", "2.20", "NULL", "NULL", "NULL"])
    }

    /// A topic's decimals get more digits behind the point, and its integers become decimals.
    @Test func aTopicWidens() throws {
        let log = try EventLog.open(EventLogOptions(folder: "/log"), storage: SimulatedStorage(seed: 4))
        defer { log.close() }
        try log.createTopic("t", schema: Schema([Field("a", .int64), Field("b", .decimal(scale: 1))]))
        log.append(Rows.batch([("a", .int64), ("b", .decimal(scale: 1))], [[7, Int128(15)], [nil, nil]]), to: "t")
        try log.widenTopic("t", with: Schema([Field("a", .decimal(scale: 2)), Field("b", .decimal(scale: 3))]))
        let wide = [("a", FieldType.decimal(scale: 2)), ("b", .decimal(scale: 3))]
        log.append(Rows.batch(wide, [[Int128(125), Int128(1)]]), to: "t")
        // What is narrower is taken as it is.
        log.append(Rows.batch([("b", .decimal(scale: 1))], [[Int128(2)]]), to: "t")
        try log.flush()
        #expect(Self.ask("SELECT a, b FROM t", log) == ["7.00|1.500", "NULL|NULL", "1.25|0.001", "NULL|0.200"])
    }

    @Test func decimalsOfManyDigitsAreNoNarrowOnes() throws {
        let rows = Rows.batch([("d", .decimal(scale: 2))], [[Int128(9_999)], [Int128(-10_000)], [nil], [Int128(1)]])
        let fields = [PlanField(name: "d", type: .decimal(precision: 4, scale: 2))]
        let table = TableDescription(name: "t", fields: fields, timeColumn: nil, watermarkDelay: 0)
        let scan = LogicalPlan.scan(table: table, columns: [0], predicate: nil)
        #expect(try PlanRunner().run(scan, [rows]) == ["99.99", "NULL", "NULL", "0.01"])
        #expect(try PlanRunner().run(scan, Rows.split(rows, 1)) == ["99.99", "NULL", "NULL", "0.01"])
    }

    @Test func generatedDecimals() throws {
        let log = try EventLog.open(EventLogOptions(folder: "/log"), storage: SimulatedStorage(seed: 5))
        defer { log.close() }
        let table = """
            CREATE TABLE g (a DECIMAL(10, 2), b DECIMAL(5, 1)) WITH ('connector' = 'datagen', 'number-of-rows' = '100',
              'fields.a.kind' = 'sequence', 'fields.a.start' = '3', 'fields.b.min' = '-2', 'fields.b.max' = '2');
            """
        #expect(Self.ask(table + "SELECT a FROM g LIMIT 2", log) == ["3.00", "4.00"])
        #expect(Self.ask(table + "SELECT COUNT(*) FROM g WHERE b BETWEEN -2 AND 2 AND b <> 0", log) != ["0"])
    }
}
