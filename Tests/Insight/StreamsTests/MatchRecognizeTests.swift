import Columns
import SQL
import Testing

@testable import Streams

/// `MATCH_RECOGNIZE` over live rows: when it answers, what is late, what it keeps.
@Suite struct MatchRecognizeTests {
    private static let rising = """
        SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES FIRST(A.v) AS a, LAST(U.v) AS u, COUNT(*) AS n
        PATTERN (A U+) WITHIN INTERVAL '10' SECOND DEFINE U AS U.v > LAST(v, 1))
        """

    private static func events(_ rows: [(Double, String?, Int)]) -> Batch {
        Rows.batch(
            [("ts", .timestamp), ("k", .string), ("v", .int64)], rows.map { [Int($0.0 * 1e6), $0.1, $0.2] })
    }

    /// Rows and watermarks, in seconds, by turns; what is answered after each watermark, and the number of late rows.
    private static func run(
        _ text: String, _ steps: [(rows: [(Double, String?, Int)], watermark: Double)]
    ) throws -> (answers: [[String]], late: Int) {
        let query = try plan(text)
        var answers: [[String]] = []
        let input = query.scans[0].input
        for (rows, watermark) in steps {
            let batch = events(rows).project(query.scans[0].columns)
            if batch.rowCount > 0 { try input.stage.accept(batch, port: 0) }
            try input.stage.advance(watermark: Int64(watermark * 1e6), port: 0)
            answers.append(Rows.text(query.output.drain()))
        }
        try input.stage.close(port: 0)
        answers.append(Rows.text(query.output.drain()))
        return (answers, query.lateRows)
    }

    private static func plan(_ text: String) throws -> PhysicalQuery {
        try InterruptedRun(text: text, batches: [events([])], watermarks: []).plan(text)
    }

    @Test func aMatchIsGivenWhenItCannotGrow() throws {
        let (answers, late) = try Self.run(
            Self.rising,
            [
                ([(1, "x", 1), (2, "x", 2)], 1.5), ([(3, "x", 3)], 3), ([(4, "x", 2)], 3.5), ([], 4),
            ])
        #expect(answers == [[], [], [], ["x|1|3|3"], []])
        #expect(late == 0)
    }

    @Test func aMatchIsGivenWhenWithinIsOver() throws {
        let (answers, _) = try Self.run(
            Self.rising, [([(1, "x", 1), (2, "x", 2)], 10.9), ([(50, "y", 1)], 11), ([], 60), ([], 61)])
        // A row of 11 s would be in time; once the watermark is there, none can come.
        #expect(answers == [[], ["x|1|2|2"], [], [], []])
    }

    @Test func windowsWaitForMatchesThatAreOpen() throws {
        let text = """
            SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE((SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts
            MEASURES MATCH_ROWTIME() AS m PATTERN (A+) WITHIN INTERVAL '10' SECOND DEFINE A AS v > 0)),
            DESCRIPTOR(m), INTERVAL '5' SECOND)) GROUP BY window_start, window_end
            """
        let (answers, late) = try Self.run(
            text, [([(1, "x", 1), (2, "x", 1)], 6), ([(7, "x", 0), (8, "x", 1)], 8), ([(21, "x", 0)], 21), ([], 30)])
        // The match of 1 s to 2 s is known at 7 s only.
        #expect(answers == [[], ["0|1"], ["5000000|1"], [], []])
        #expect(late == 0)
    }

    @Test func aMatchIsGivenAtTheEnd() throws {
        let (answers, _) = try Self.run(Self.rising, [([(1, "x", 1), (2, "x", 2)], 1)])
        #expect(answers == [[], ["x|1|2|2"]])
    }

    @Test func rowsOutOfOrderAreSearchedInOrder() throws {
        let (answers, late) = try Self.run(
            Self.rising, [([(3, "x", 3), (1, "x", 1), (4, "x", 0), (2, nil, 7)], 0), ([(2, "x", 2), (3, nil, 6)], 5)])
        #expect(answers == [[], ["x|1|3|3"], []])
        #expect(late == 0)
    }

    @Test func rowsBehindTheWatermarkAreLate() throws {
        let (answers, late) = try Self.run(
            Self.rising,
            [([(1, "x", 1), (3, "x", 3)], 2), ([(2, "x", 2), (1.5, "x", 9), (2.1, "x", 2)], 3), ([(4, "x", 0)], 4)])
        #expect(answers == [[], [], ["x|1|3|3"], []])
        #expect(late == 2)
    }

    @Test func rowsWithoutATimeAreLeftOut() throws {
        let query = try Self.plan(Self.rising)
        let batch = Rows.batch(
            [("ts", .timestamp), ("k", .string), ("v", .int64)],
            [[nil, "x", 0], [1_000_000, "x", 1], [Int.max, "x", 2], [2_000_000, "x", 3], [3_000_000, "x", 1]])
        try query.scans[0].input.stage.accept(batch.project(query.scans[0].columns), port: 0)
        try query.scans[0].input.stage.advance(watermark: 3_000_000, port: 0)
        #expect(Rows.text(query.output.drain()) == ["x|1|3|2"])
        #expect(query.lateRows == 2)
    }

    @Test func aSearchThatFailsBeginsAnewWithTheNextRow() throws {
        let text = """
            SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts MEASURES FIRST(v) AS f, LAST(v) AS l
            PATTERN (A X* B) WITHIN INTERVAL '4' SECOND DEFINE A AS v < 10, B AS v > 10)
            """
        let (answers, _) = try Self.run(
            text, [([(1, "x", 1), (2, "x", 2), (4, "x", 3)], 4), ([(6, "x", 11)], 6), ([(7, "x", 12)], 7)])
        #expect(answers == [[], ["2|11"], [], []])
    }

    @Test(arguments: [1, 3, 50])
    func answersDoNotDependOnStops(every: Int) throws {
        let rows = (0..<120).map { index in
            (Double(index) * 0.5, ["x", "y", nil, "z"][index * 7 % 4] as String?, index * 37 % 11)
        }
        let batches = Rows.split(Self.events(rows), 5)
        let run = InterruptedRun(
            text: Self.rising, batches: batches, watermarks: batches.indices.map { Int64(Double($0) * 2.5e6) })
        let whole = try run.answers(stops: [])
        #expect(whole.count > 10)
        #expect(try run.answers(stops: Set(batches.indices.filter { $0 % every == 0 })) == whole)
    }

    @Test func aChangedConditionDoesNotTakeStateOver() throws {
        let query = try Self.plan(Self.rising)
        let batch = Self.events([(1, "x", 1), (2, "x", 2)])
        try query.scans[0].input.stage.accept(batch.project(query.scans[0].columns), port: 0)
        try query.scans[0].input.stage.advance(watermark: 1_500_000, port: 0)
        let changed = Self.rising.replacing("FIRST(A.v)", with: "FIRST(A.v + 1)")
        let error = #expect(throws: SQLError.self) { try InterruptedRun.restored(query, as: changed, Self.plan) }
        #expect(error?.code == .stateMismatch)
    }

    @Test func stateIsLetGoOf() throws {
        let query = try Self.plan(Self.rising)
        let input = query.scans[0].input
        var highest = 0
        for second in 0..<400 {
            let rows = (0..<100).map { (Double(second) + Double($0) / 1_000, "k\(second % 200 * 100 + $0)", $0) }
            try input.stage.accept(Self.events(rows).project(query.scans[0].columns), port: 0)
            try input.stage.advance(watermark: Int64(second) * 1_000_000, port: 0)
            highest = max(highest, query.account.usedBytes)
            _ = query.output.drain()
        }
        // 1,000 rows of as many keys are within 10 seconds; 40,000 rows came.
        #expect(highest < 2_500_000)
        try input.stage.advance(watermark: 1_000_000_000, port: 0)
        #expect(query.account.usedBytes < 200_000)
    }

    @Test func tooManyPartialMatchesAreRefused() throws {
        // Any split of the rows into A and B could still match, and the sums tell them apart.
        let text = """
            SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts MEASURES COUNT(*) AS n
            PATTERN ((A | B)+ C) DEFINE C AS SUM(A.v) = 3 * SUM(B.v) + 1 AND C.v < 0)
            """
        let rows = (0..<40).map { (Double($0), "x" as String?, 1 << $0) }
        let error = #expect(throws: SQLError.self) { try Self.run(text, [(rows, 100)]) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.suggestion?.contains("WITHIN") == true)
    }

    @Test func endlessLooksAreRefused() throws {
        var work = MatchWork(rows: 2, steps: MatchWork.freeSteps + 2 * MatchWork.stepsPerRow - 1)
        try work.step()
        let error = #expect(throws: SQLError.self) { try work.step() }
        #expect(error?.code == .limitExceeded)
        work.rows += 1
        try work.step()
    }

    @Test func partialMatchesWithOneFutureAreMerged() throws {
        // 2^200 ways to take the rows, two states.
        let text = """
            SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ts MEASURES COUNT(A.v) AS a, COUNT(B.v) AS b
            PATTERN ((A | B)+ C) DEFINE C AS C.v = 199)
            """
        let rows = (0..<200).map { (Double($0), "x" as String?, $0) }
        #expect(try Self.run(text, [(rows, 300)]).answers == [[], ["199|0"]])
    }
}
