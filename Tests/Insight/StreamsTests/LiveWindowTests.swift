import Columns
import SQL
import Testing

@testable import Streams

/// Sessions and cumulative windows over inputs without an end.
@Suite struct LiveWindowTests {
    static let second: Int64 = 1_000_000

    static func batch(_ rows: [(Double, String)]) -> Batch {
        Rows.batch([("ts", .timestamp), ("k", .string)], rows.map { [Int($0.0 * 1e6), $0.1] })
    }

    static let sessions = """
        SELECT k, window_start, window_end, COUNT(*)
        FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '5' SECOND))
        GROUP BY window_start, window_end, k
        """

    /// Feeds batches with the watermark after each, in seconds, and gives what came after each, and late rows.
    static func run(_ text: String, _ steps: [([(Double, String)], Double)]) throws -> (answers: [[String]], late: Int)
    {
        let run = InterruptedRun(
            text: text, batches: steps.map { batch($0.0) }, watermarks: steps.map { Int64($0.1 * 1e6) })
        let query = try run.plan(text)
        var answers: [[String]] = []
        for (batch, watermark) in zip(run.batches, run.watermarks) {
            let scan = query.scans[0]
            try scan.input.stage.accept(batch.project(scan.columns), port: 0)
            try scan.input.stage.advance(watermark: watermark, port: 0)
            answers.append(Rows.text(query.output.drain()))
        }
        return (answers, query.lateRows)
    }

    @Test func aSessionAnswersWhenTheWatermarkPassesItsEnd() throws {
        let (answers, late) = try Self.run(
            Self.sessions,
            [
                ([(1, "a"), (2, "b")], 3), ([(4, "a")], 6.999998), ([(30, "c")], 6.999999), ([(31, "c")], 9),
                ([(31, "c")], 100),
            ])
        #expect(answers[0].isEmpty && answers[1].isEmpty)
        #expect(answers[2] == ["b|2000000|7000000|1"])
        #expect(answers[3] == ["a|1000000|9000000|2"])
        #expect(answers[4] == ["c|30000000|36000000|3"])
        #expect(late == 0)
    }

    @Test func aRowBridgesTwoSessions() throws {
        let (answers, _) = try Self.run(
            Self.sessions,
            [([(1, "a"), (10, "a")], 4), ([(5.5, "a")], 4.5), ([], 20)].filter { !$0.0.isEmpty || $0.1 == 20 })
        #expect(answers.flatMap { $0 } == ["a|1000000|15000000|3"])
    }

    @Test func aLateRowIsCountedUnlessAnOpenSessionTakesIt() throws {
        let (answers, late) = try Self.run(
            Self.sessions,
            [
                ([(1, "a"), (20, "b")], 10), ([(2, "a"), (3, "c"), (16, "b")], 18), ([(40, "z")], 60),
            ])
        #expect(answers[0] == ["a|1000000|6000000|1"])
        #expect(answers[1].isEmpty)
        #expect(answers[2] == ["b|16000000|25000000|2", "z|40000000|45000000|1"])
        #expect(late == 2)
    }

    @Test func eachWindowAnswersAllOfItsGroupingSets() throws {
        let text = """
            SELECT TUMBLE_START(ts, INTERVAL '5' SECOND) AS s, COUNT(*) FROM t GROUP BY TUMBLE(ts, INTERVAL '5' SECOND)
            """
        let steps: [([(Double, String)], Double)] = [
            ([(1, "a"), (2, "b"), (6, "a")], 4), ([(3, "a")], 5), ([(4, "z"), (7, "b")], 20),
        ]
        let older = try Self.run(text, steps)
        #expect(older.answers == [[], ["0|3"], ["5000000|2"]])
        #expect(older.late == 1)
        let sets = try Self.run(
            """
            SELECT window_start, k, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))
            GROUP BY window_start, window_end, ROLLUP (k)
            """, steps)
        #expect(sets.answers.map { $0.sorted() }[1] == ["0|NULL|3", "0|a|2", "0|b|1"])
        #expect(sets.answers.map { $0.sorted() }[2] == ["5000000|NULL|2", "5000000|a|1", "5000000|b|1"])
    }

    @Test func cumulativeWindowsAnswerStepByStep() throws {
        let text = """
            SELECT window_start, window_end, COUNT(*)
            FROM TABLE(CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND))
            GROUP BY window_start, window_end
            """
        let (answers, late) = try Self.run(
            text,
            [
                ([(1, "a")], 1.999999), ([(3, "a")], 4), ([(1.5, "a"), (4.5, "a")], 5), ([(7, "b")], 6),
                ([(0, "b")], 30),
            ])
        #expect(answers[0] == ["0|2000000|1"])
        #expect(answers[1] == ["0|4000000|2"])
        #expect(answers[2].isEmpty)
        // The row that was late for the first two windows is in the third.
        #expect(answers[3] == ["0|6000000|4"])
        #expect(answers[4] == ["6000000|8000000|1", "6000000|10000000|1", "6000000|12000000|1"])
        // Two windows of the row at 1.5 and three of the last one: a row is late once a window.
        #expect(late == 5)
    }

    @Test func sessionsOfOneStartAreAGroupThatChanges() throws {
        let text = """
            SELECT window_start, COUNT(*) FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '5' SECOND))
            GROUP BY window_start
            """
        // They close at different watermarks, so no watermark finds the group whole.
        let (answers, _) = try Self.run(
            text, [([(1, "a"), (1, "b"), (5, "b")], 7), ([(30, "c")], 11), ([(30, "c")], 12)])
        #expect(answers == [["+I|1000000|1"], ["-U|1000000|1", "+U|1000000|3"], []])
    }

    @Test func sessionsOfOneEndAreAGroup() throws {
        let text = """
            SELECT window_end, COUNT(*) FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '5' SECOND))
            GROUP BY window_end
            """
        let (answers, _) = try Self.run(
            text, [([(1, "a"), (1, "b"), (4, "b"), (4, "c")], 3), ([(30, "d")], 7), ([(30, "d")], 8.999999)])
        #expect(answers == [[], ["6000000|1"], ["9000000|3"]])
    }

    @Test func sessionsWithoutTheirBoundsAsKeysAreChanges() throws {
        let text = """
            SELECT k, COUNT(*) FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY k
            """
        let (answers, _) = try Self.run(
            text, [([(1, "a")], 3), ([(20, "a"), (21, "a")], 18), ([(40, "b")], 38)])
        #expect(answers == [[], ["+I|a|1"], ["-U|a|1", "+U|a|3"]])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aStopChangesNoSession(seed: UInt64) throws {
        for text in [
            "SELECT k, window_start, window_end, COUNT(*), MAX(v) FROM TABLE(SESSION(TABLE t PARTITION BY k, "
                + "DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end, k",
            "SELECT window_end, COUNT(*), SUM(v) FROM TABLE(CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND, "
                + "INTERVAL '4' SECOND)) GROUP BY window_start, window_end",
        ] {
            let run = OperatorStateTests.run(text, seed: seed)
            let whole = try run.answers(stops: []).sorted()
            #expect(whole.count > 3)
            for stop in run.batches.indices { #expect(try run.answers(stops: [stop]).sorted() == whole) }
            #expect(try run.answers(stops: Set(run.batches.indices)).sorted() == whole)
        }
    }
}
