import Columns
import SQL
import Testing

@testable import Streams

@Suite struct RowOperatorTests {
    static let input = Rows.batch(
        [("n", .int64), ("s", .string)],
        [[3, "c"], [1, "a"], [nil, "x"], [2, nil], [1, "b"], [3, "c"]])

    static func key(_ column: Int, _ type: SQLType, descending: Bool = false, nullsFirst: Bool = true) -> SortKey {
        SortKey(expression: .column(index: column, type: type), isDescending: descending, nullsFirst: nullsFirst)
    }

    @Test(arguments: [1, 2, 100])
    func sorts(size: Int) throws {
        let scan = PlanRunner.scan(Self.input)
        let batches = Rows.split(Self.input, size)
        let one = LogicalPlan.sort(input: scan, keys: [Self.key(0, .bigint)])
        #expect(try PlanRunner().run(one, batches) == ["NULL|x", "1|a", "1|b", "2|NULL", "3|c", "3|c"])
        let two = LogicalPlan.sort(
            input: scan,
            keys: [Self.key(0, .bigint, descending: true, nullsFirst: false), Self.key(1, .varchar, descending: true)])
        #expect(try PlanRunner().run(two, batches) == ["3|c", "3|c", "2|NULL", "1|b", "1|a", "NULL|x"])
    }

    @Test(arguments: [1, 2, 100])
    func limits(size: Int) throws {
        let scan = PlanRunner.scan(Self.input)
        let batches = Rows.split(Self.input, size)
        #expect(try PlanRunner().run(.limit(input: scan, count: 2, offset: 1), batches) == ["1|a", "NULL|x"])
        #expect(try PlanRunner().run(.limit(input: scan, count: nil, offset: 4), batches) == ["1|b", "3|c"])
        #expect(try PlanRunner().run(.limit(input: scan, count: 0, offset: 0), batches) == [])
        let top = LogicalPlan.limit(
            input: .sort(input: scan, keys: [Self.key(1, .varchar, nullsFirst: false)]), count: 2, offset: 1)
        #expect(try PlanRunner().run(top, batches) == ["1|b", "3|c"])
    }

    @Test func topRowsOfManyAreHeldInLittleMemory() throws {
        let many = Rows.batch([("n", .int64)], (0..<100_000).map { [($0 * 7_919) % 100_003] as [Any?] })
        let plan = LogicalPlan.limit(
            input: .sort(input: PlanRunner.scan(many), keys: [Self.key(0, .bigint, descending: true)]), count: 3,
            offset: 0)
        let rows = try PlanRunner(memoryBytes: 600_000).run(plan, Rows.split(many, 1_000))
        #expect(rows == ["100002", "100001", "100000"])
    }

    @Test(arguments: [1, 2, 100])
    func distinctKeepsTheFirst(size: Int) throws {
        let rows = try PlanRunner().run(.distinct(input: PlanRunner.scan(Self.input)), Rows.split(Self.input, size))
        #expect(rows == ["3|c", "1|a", "NULL|x", "2|NULL", "1|b"])
    }

    @Test func unionsInputsByPosition() throws {
        let scan = PlanRunner.scan(Self.input)
        let plan = LogicalPlan.limit(input: .union(inputs: [scan, scan]), count: 8, offset: 0)
        #expect(try PlanRunner().run(plan, [Self.input]).count == 8)
    }

    @Test func aLimitBelowASortStillAnswers() throws {
        let plan = LogicalPlan.sort(
            input: .limit(input: PlanRunner.scan(Self.input), count: 2, offset: 0), keys: [Self.key(0, .bigint)])
        #expect(try PlanRunner().run(plan, Rows.split(Self.input, 1)) == ["1|a", "3|c"])
    }
}
