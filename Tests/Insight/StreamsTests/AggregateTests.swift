import Columns
import SQL
import Testing

@testable import Streams

@Suite struct AggregateTests {
    static let input = Rows.batch(
        [("k", .string), ("n", .int64), ("v", .float64)],
        [
            ["a", 1, 1.5], ["b", 2, nil], ["a", 3, 2.5], [nil, 4, 4.0], ["b", nil, -1.0], ["a", 1, nil], [nil, 4, 0.5],
        ])

    static func call(
        _ function: AggregateCall.Function, _ column: Int? = nil, _ type: SQLType = .bigint, distinct: Bool = false,
        filter: BoundExpression? = nil, argumentType: SQLType = .bigint
    ) -> AggregateCall {
        AggregateCall(
            function: function, argument: column.map { .column(index: $0, type: argumentType) }, isDistinct: distinct,
            filter: filter, type: type)
    }

    static func aggregate(_ keys: [(Int, SQLType)], _ calls: [AggregateCall], over input: LogicalPlan) -> LogicalPlan {
        var fields = keys.map { PlanField(name: "k\($0.0)", type: $0.1) }
        for (index, call) in calls.enumerated() { fields.append(PlanField(name: "a\(index)", type: call.type)) }
        return .aggregate(
            input: input, keys: keys.map { .column(index: $0.0, type: $0.1) }, aggregates: calls, fields: fields)
    }

    @Test(arguments: [1, 2, 7])
    func groupsByTextWithNulls(size: Int) throws {
        let calls = [
            Self.call(.countAll), Self.call(.count, 1), Self.call(.sum, 1), Self.call(.min, 1), Self.call(.max, 1),
            Self.call(.avg, 2, .double, argumentType: .double), Self.call(.count, 1, distinct: true),
        ]
        let plan = Self.aggregate([(0, .varchar)], calls, over: PlanRunner.scan(Self.input))
        let rows = try PlanRunner().run(plan, Rows.split(Self.input, size)).sorted()
        #expect(
            rows == ["NULL|2|2|8|4|4|2.25|1", "a|3|3|5|1|3|2.0|2", "b|2|1|2|2|2|-1.0|1"])
    }

    @Test func groupsByTwoColumns() throws {
        let plan = Self.aggregate(
            [(0, .varchar), (1, .bigint)], [Self.call(.countAll)], over: PlanRunner.scan(Self.input))
        let rows = try PlanRunner().run(plan, [Self.input]).sorted()
        #expect(rows == ["NULL|4|2", "a|1|2", "a|3|1", "b|2|1", "b|NULL|1"])
    }

    @Test func withoutKeysThereIsOneRowEvenOfNothing() throws {
        let calls = [Self.call(.countAll), Self.call(.sum, 1), Self.call(.approxPercentile(0.5), 1, .double)]
        let plan = Self.aggregate([], calls, over: PlanRunner.scan(Self.input))
        #expect(try PlanRunner().run(plan, []) == ["0|NULL|NULL"])
        #expect(try PlanRunner().run(plan, [Self.input]) == ["7|15|2.015625"])
    }

    @Test func withKeysThereIsNoRowOfNothing() throws {
        let plan = Self.aggregate([(0, .varchar)], [Self.call(.countAll)], over: PlanRunner.scan(Self.input))
        #expect(try PlanRunner().run(plan, []) == [])
    }

    @Test func filterComesBeforeTheAggregate() throws {
        let filter = BoundExpression.call(
            .greater, [.column(index: 1, type: .bigint), .literal(.int64(1), type: .bigint)], type: .boolean)
        let calls = [
            Self.call(.countAll, filter: filter), Self.call(.sum, 2, .double, filter: filter, argumentType: .double),
        ]
        let plan = Self.aggregate([(0, .varchar)], calls, over: PlanRunner.scan(Self.input))
        let rows = try PlanRunner().run(plan, [Self.input]).sorted()
        #expect(rows == ["NULL|2|4.5", "a|1|2.5", "b|1|NULL"])
    }

    @Test func sumsWrapAtTheTypesWidth() throws {
        let batch = Rows.batch([("n", .int64)], [[2_147_483_647], [1]])
        let plan = Self.aggregate(
            [], [Self.call(.sum, 0, .integer, argumentType: .integer)], over: PlanRunner.scan(batch))
        #expect(try PlanRunner().run(plan, [batch]) == ["-2147483648"])
    }

    @Test func everyKeyTypeGroups() throws {
        let batch = Rows.batch(
            [("b", .bool), ("f", .float64), ("i", .ip), ("t", .timestamp)],
            [
                [true, 0.0, IPAddress(high: 1, low: 2), 5], [true, -0.0, IPAddress(high: 1, low: 2), 5],
                [false, Double.nan, nil, 6], [false, Double.nan, nil, 6], [nil, nil, IPAddress(high: 0, low: 2), nil],
            ])
        for (column, type) in [(0, SQLType.boolean), (1, .double), (2, .ip), (3, .timestamp)] {
            let plan = Self.aggregate([(column, type)], [Self.call(.countAll)], over: PlanRunner.scan(batch))
            let counts = try PlanRunner().run(plan, [batch]).map { String($0.suffix(1)) }.sorted()
            #expect(counts == ["1", "2", "2"], "column \(column)")
        }
        let all = Self.aggregate(
            [(0, .boolean), (1, .double), (2, .ip), (3, .timestamp)], [Self.call(.countAll)],
            over: PlanRunner.scan(batch))
        #expect(try PlanRunner().run(all, Rows.split(batch, 1)).count == 3)
    }

    @Test func tooManyGroupsAreRefused() throws {
        let rows = (0..<20_000).map { [$0] as [Any?] }
        let batch = Rows.batch([("n", .int64)], rows)
        let plan = Self.aggregate([(0, .bigint)], [Self.call(.countAll)], over: PlanRunner.scan(batch))
        let error = #expect(throws: SQLError.self) {
            try PlanRunner(memoryBytes: 200_000).run(plan, Rows.split(batch, 1_000))
        }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.contains("GROUP BY") == true)
    }
}
