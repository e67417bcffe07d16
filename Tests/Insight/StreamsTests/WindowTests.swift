import Columns
import SQL
import Testing

@testable import Streams

@Suite struct WindowTests {
    static let second: Int64 = 1_000_000

    static func events(_ rows: [(Double, String)]) -> Batch {
        Rows.batch([("ts", .timestamp), ("k", .string)], rows.map { [Int($0.0 * 1e6), $0.1] })
    }

    /// `SELECT window_start, k, count(*) … GROUP BY window_start, k`
    static func count(_ kind: WindowSpecification.Kind, over batch: Batch, filter: BoundExpression? = nil)
        -> LogicalPlan
    {
        var input = LogicalPlan.window(
            input: PlanRunner.scan(batch, timeColumn: 0),
            window: WindowSpecification(kind: kind, timeColumn: 0, offset: 0))
        if let filter { input = .filter(input: input, predicate: filter) }
        return .aggregate(
            input: input, keys: [.column(index: 2, type: .timestamp), .column(index: 1, type: .varchar)],
            aggregates: [AggregateTests.call(.countAll)],
            fields: [
                PlanField(name: "s", type: .timestamp), PlanField(name: "k", type: .varchar),
                PlanField(name: "c", type: .bigint),
            ])
    }

    /// What a plain count over all windows gives, in seconds.
    static func expected(_ rows: [(Double, String)], size: Int, slide: Int) -> [String] {
        var counts: [String: Int] = [:]
        for (time, key) in rows {
            let first = Int((time / Double(slide)).rounded(.down)) * slide
            for start in stride(from: first, to: first - size, by: -slide) where Double(start + size) > time {
                counts["\(start * 1_000_000)|\(key)", default: 0] += 1
            }
        }
        return counts.map { "\($0.key)|\($0.value)" }.sorted()
    }

    static let rows: [(Double, String)] = (0..<500).map { index in
        (Double(index) * 0.1 + Double(index * 7 % 13) * 0.05 - 3, ["a", "b", "c"][index * index % 3])
    }

    @Test(arguments: [1, 7, 1024])
    func boundedWindowsCountEveryRow(size: Int) throws {
        let batch = Self.events(Self.rows.reversed())
        let tumble = Self.count(.tumble(size: 5 * Self.second), over: batch)
        #expect(
            try PlanRunner().run(tumble, Rows.split(batch, size)).sorted()
                == Self.expected(Self.rows, size: 5, slide: 5))
        let hop = Self.count(.hop(slide: 2 * Self.second, size: 10 * Self.second), over: batch)
        #expect(
            try PlanRunner().run(hop, Rows.split(batch, size)).sorted() == Self.expected(Self.rows, size: 10, slide: 2))
    }

    @Test func boundedWindowsComeInTheOrderOfTime() throws {
        let batch = Self.events(Self.rows.reversed())
        let starts = try PlanRunner().run(Self.count(.tumble(size: 5 * Self.second), over: batch), [batch])
            .map { Int($0.split(separator: "|")[0]) ?? 0 }
        #expect(starts == starts.sorted())
    }

    @Test(arguments: [1, 7, 1024])
    func liveWindowsAnswerWhenTheWatermarkPasses(size: Int) throws {
        let batch = Self.events(Self.rows)
        for (slide, width) in [(5, 5), (2, 10)] {
            let kind: WindowSpecification.Kind =
                slide == width
                ? .tumble(size: Int64(width) * Self.second)
                : .hop(slide: Int64(slide) * Self.second, size: Int64(width) * Self.second)
            let query = try PlanRunner(isLive: true).plan(Self.count(kind, over: batch))
            let input = query.scans[0].input
            var answers: [String] = []
            var latest = Int64.min
            for piece in Rows.split(batch, size) {
                try input.stage.accept(piece, port: 0)
                latest = max(latest, piece.columns[0].greatest ?? .min)
                // The rows are out of order by up to 0.6 s.
                try input.stage.advance(watermark: latest - Self.second, port: 0)
                for line in Rows.text(query.output.drain()) {
                    let start = try #require(Int64(line.split(separator: "|")[0]))
                    #expect(start + Int64(width) * Self.second - 1 <= latest - Self.second, "too early")
                    answers.append(line)
                }
            }
            try input.stage.close(port: 0)
            answers += Rows.text(query.output.drain())
            #expect(answers.sorted() == Self.expected(Self.rows, size: width, slide: slide))
            #expect(query.lateRows == 0)
        }
    }

    @Test func lateRowsAreCountedAndLeftOut() throws {
        let batch = Self.events([(1, "a"), (12, "a")])
        let query = try PlanRunner(isLive: true).plan(Self.count(.tumble(size: 10 * Self.second), over: batch))
        let input = query.scans[0].input
        try input.stage.accept(batch, port: 0)
        try input.stage.advance(watermark: 12 * Self.second, port: 0)
        #expect(Rows.text(query.output.drain()) == ["0|a|1"])
        try input.stage.accept(Self.events([(9.9, "late"), (10, "b"), (3, "late")]), port: 0)
        try input.stage.advance(watermark: 20 * Self.second - 1, port: 0)
        #expect(Rows.text(query.output.drain()).sorted() == ["10000000|a|1", "10000000|b|1"])
        #expect(query.lateRows == 2)
    }

    @Test func aHopKeepsARowForTheWindowsStillOpen() throws {
        let batch = Self.events([(1, "a")])
        let kind = WindowSpecification.Kind.hop(slide: 5 * Self.second, size: 10 * Self.second)
        let query = try PlanRunner(isLive: true).plan(Self.count(kind, over: batch))
        let input = query.scans[0].input
        try input.stage.accept(batch, port: 0)
        try input.stage.advance(watermark: 6 * Self.second, port: 0)
        #expect(Rows.text(query.output.drain()) == ["-5000000|a|1"])
        // Too late for -5…5, in time for 0…10.
        try input.stage.accept(Self.events([(2, "a")]), port: 0)
        try input.stage.advance(watermark: 10 * Self.second, port: 0)
        #expect(Rows.text(query.output.drain()) == ["0|a|2"])
        #expect(query.lateRows == 0)
    }

    @Test func aWindowThatHasNoRowsGivesNone() throws {
        let batch = Self.events([(1, "a"), (95, "a")])
        let query = try PlanRunner(isLive: true).plan(Self.count(.tumble(size: 10 * Self.second), over: batch))
        let input = query.scans[0].input
        try input.stage.accept(batch, port: 0)
        try input.stage.advance(watermark: 200 * Self.second, port: 0)
        #expect(Rows.text(query.output.drain()) == ["0|a|1", "90000000|a|1"])
    }

    @Test func anAggregateOfWindowsClosesWithThem() throws {
        let batch = Self.events([(1, "a"), (2, "b"), (3, "a"), (11, "a")])
        let inner = Self.count(.hop(slide: 5 * Self.second, size: 10 * Self.second), over: batch)
        let plan = LogicalPlan.aggregate(
            input: inner, keys: [.column(index: 0, type: .timestamp)],
            aggregates: [AggregateTests.call(.max, 2)],
            fields: [PlanField(name: "s", type: .timestamp), PlanField(name: "m", type: .bigint)])
        #expect(try PlanRunner().run(plan, [batch]) == ["-5000000|2", "0|2", "5000000|1", "10000000|1"])
        let query = try PlanRunner(isLive: true).plan(plan)
        try query.scans[0].input.stage.accept(batch, port: 0)
        try query.scans[0].input.stage.advance(watermark: 10 * Self.second, port: 0)
        #expect(Rows.text(query.output.drain()) == ["-5000000|2", "0|2"])
    }

    @Test func panesGiveWayWhereARowsWindowIsLookedAt() throws {
        let batch = Self.events(Self.rows)
        let early = BoundExpression.call(
            .less, [.column(index: 2, type: .timestamp), .literal(.int64(10_000_000), type: .timestamp)],
            type: .boolean)
        let plan = Self.count(.hop(slide: 2 * Self.second, size: 10 * Self.second), over: batch, filter: early)
        let wanted = Self.expected(Self.rows, size: 10, slide: 2).filter { line in
            (Int(line.split(separator: "|")[0]) ?? 0) < 10_000_000
        }
        #expect(try PlanRunner().run(plan, Rows.split(batch, 7)).sorted() == wanted)
        let query = try PlanRunner(isLive: true).plan(plan)
        try query.scans[0].input.stage.accept(batch, port: 0)
        try query.scans[0].input.stage.close(port: 0)
        #expect(Rows.text(query.output.drain()).sorted() == wanted)
    }

    @Test func whatNeverEndsIsRefusedLive() throws {
        let batch = Self.events([])
        let scan = PlanRunner.scan(batch, timeColumn: 0)
        let sort = LogicalPlan.sort(
            input: scan,
            keys: [SortKey(expression: .column(index: 0, type: .timestamp), isDescending: false, nullsFirst: true)])
        let error = #expect(throws: SQLError.self) { try PlanRunner(isLive: true).plan(sort) }
        #expect(error?.code == .unsupported)
        #expect(error?.suggestion?.contains("window_start") == true)
        // Groups that never are whole are not refused: they answer what changes.
        let aggregate = AggregateTests.aggregate([(1, .varchar)], [AggregateTests.call(.countAll)], over: scan)
        #expect(try PlanRunner(isLive: true).plan(aggregate).fields.first?.name == "op")
        let sorted = LogicalPlan.sort(
            input: aggregate,
            keys: [SortKey(expression: .column(index: 0, type: .varchar), isDescending: false, nullsFirst: true)])
        #expect(throws: SQLError.self) { try PlanRunner(isLive: true).plan(sorted) }
    }
}

extension WindowTests {
    @Test func timesBeyondReasonAreLeftOut() throws {
        let batch = Rows.batch(
            [("ts", .timestamp), ("k", .string)],
            [[Int.max, "a"], [Int.min, "a"], [nil, "a"], [1, "a"], [Int.max / 2, "a"]])
        for isLive in [false, true] {
            let plan = Self.count(.hop(slide: 5 * Self.second, size: 10 * Self.second), over: batch)
            let query = try PlanRunner(isLive: isLive).plan(plan)
            try query.scans[0].input.stage.accept(batch, port: 0)
            try query.scans[0].input.stage.close(port: 0)
            #expect(Rows.text(query.output.drain()) == ["-5000000|a|1", "0|a|1"])
            #expect(query.lateRows == 4)
        }
    }
}
