import Columns
import SQL
import Testing

@testable import Streams

/// What is aggregated before it goes to the shards of its keys.
@Suite struct PartialGroupsTests {
    private func layout(_ function: AggregateCall.Function = .sum, isDistinct: Bool = false) throws -> AggregateLayout {
        let value = BoundExpression.column(index: 1, type: .bigint)
        let call = AggregateCall(
            function: function, argument: value, isDistinct: isDistinct, filter: nil, type: .bigint)
        return AggregateLayout(
            keys: [try RowExpression(.column(index: 0, type: .bigint))], keyNames: ["k"], keyTypes: [.int64],
            keyOrigins: [.group(0)], totals: [],
            calls: [.init(name: "s", call: call, argument: try RowExpression(value), filter: nil)], windows: nil,
            schema: Schema([Field("k", .int64), Field("s", .int64)]), context: EvaluationContext(now: 0))
    }

    private func batch(_ count: Int, keys: Int) -> Batch {
        Rows.batch([("k", .int64), ("v", .int64)], (0..<count).map { [$0 % keys == 3 ? nil : $0 % keys, $0] })
    }

    @Test func groupsAreThereOnceWithTheirRows() throws {
        let partial = try #require(try PartialGroups(layout()))
        let groups = try #require(try partial.groups(of: [batch(40, keys: 5), batch(35, keys: 5)]))
        #expect(groups.rowCount == 5)
        #expect(PartialGroups.rowCounts(groups) == [15, 15, 15, 15, 15])
        let state = try GroupState(layout: layout(), hasPaneKey: false)
        for _ in 0..<2 { try state.merge(put: groups, into: try state.groups(ofPut: groups)) }
        let sums = (0..<5).map { key in
            2 * ((0..<40).filter { $0 % 5 == key }.reduce(0, +) + (0..<35).filter { $0 % 5 == key }.reduce(0, +))
        }
        let expected = (0..<5).map { "\($0 == 3 ? "NULL" : "\($0)")|\(sums[$0])" }
        var answers: [Batch] = []
        state.finish(windowStart: nil, into: &answers)
        #expect(Rows.text(answers).sorted() == expected.sorted())
    }

    /// Where nearly each row is a group it only costs, so it is tried now and then.
    @Test func rowsOfManyKeysGoAsTheyAre() throws {
        let partial = try #require(try PartialGroups(layout()))
        #expect(try partial.groups(of: [batch(100, keys: 90)]) == nil)
        var passed = 0
        while try partial.groups(of: [batch(100, keys: 5)]) == nil { passed += 1 }
        #expect(passed == 15)
        #expect(try partial.groups(of: [batch(100, keys: 5)]) != nil)
    }

    @Test func largeStatesAndOrderedOnesAreNotPut() throws {
        #expect(try PartialGroups(layout(isDistinct: true)) == nil)
        #expect(try PartialGroups(layout(.first)) == nil)
        #expect(try PartialGroups(layout(.approxCountDistinct)) == nil)
        #expect(try PartialGroups(layout(.max)) != nil)
    }
}
