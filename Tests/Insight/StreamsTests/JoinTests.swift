import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// Joins of inputs without an end.
@Suite struct JoinTests {
    /// A live query over tables `a` and `b` of (ts, k, v), fed step by step.
    final class Run {
        private(set) var query: PhysicalQuery
        private let text: String

        init(_ text: String) throws {
            self.text = text
            query = try Self.plan(text)
        }

        static func plan(_ text: String) throws -> PhysicalQuery {
            guard case .query(let query)? = try SQLParser.parse(text).first else {
                throw SQLError(code: .invalidQuery, message: "no query")
            }
            return try PlanRunner(isLive: true).plan(try Binder(catalog: Tables()).bind(query))
        }

        private struct Tables: Catalog {
            func table(_ name: String) -> TableDescription? {
                guard tableNames.contains(name) else { return nil }
                let fields = [
                    PlanField(name: "ts", type: .timestamp), PlanField(name: "k", type: .varchar),
                    PlanField(name: "v", type: .bigint),
                ]
                return TableDescription(name: name, fields: fields, timeColumn: 0, watermarkDelay: 0)
            }
            var tableNames: [String] { ["a", "b"] }
        }

        /// Rows of (seconds, key, value) for one table, then its watermark; what that answers.
        func feed(_ table: String, _ rows: [(Double, String?, Int)], watermark: Double? = nil) throws -> [String] {
            let batch = Rows.batch(
                [("ts", .timestamp), ("k", .string), ("v", .int64)], rows.map { [Int($0.0 * 1e6), $0.1, $0.2] })
            for scan in query.scans where scan.table.name == table {
                try scan.input.stage.accept(batch.project(scan.columns), port: scan.input.port)
                if let watermark {
                    try scan.input.stage.advance(watermark: Int64(watermark * 1e6), port: scan.input.port)
                }
            }
            return Rows.text(query.output.drain()).sorted()
        }

        func close() throws -> [String] {
            for scan in query.scans { try scan.input.stage.close(port: scan.input.port) }
            return Rows.text(query.output.drain()).sorted()
        }

        /// As after a crash.
        func restart() throws { query = try InterruptedRun.restored(query, as: text, Self.plan).query }

        var heldBytes: Int { query.account.usedBytes }
    }

    static let interval = """
        JOIN b ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '5' SECOND
        """

    @Test func rowsMeetInWhateverOrderTheyCome() throws {
        let run = try Run("SELECT a.v, b.v FROM a JOIN b ON a.k = b.k")
        #expect(try run.feed("a", [(1, "x", 1), (1, nil, 2)]).isEmpty)
        #expect(try run.feed("b", [(1, "x", 10), (2, nil, 20), (3, "y", 30)]) == ["1|10"])
        #expect(try run.feed("a", [(4, "y", 3), (4, "x", 4)]) == ["3|30", "4|10"])
        #expect(try run.close().isEmpty)
    }

    @Test func rowsOfAnOpenJoinLiveForTheirTime() throws {
        let run = try Run("SELECT a.v, b.v FROM a JOIN b ON a.k = b.k")
        _ = try run.feed("a", [], watermark: 0)
        _ = try run.feed("b", [], watermark: 0)
        _ = try run.feed("a", [(1, "x", 1)], watermark: 3_599)
        _ = try run.feed("b", [], watermark: 3_499)
        #expect(try run.feed("b", [(3_500, "x", 2)], watermark: 3_599) == ["1|2"])
        _ = try run.feed("a", [], watermark: 3_601)
        _ = try run.feed("b", [], watermark: 3_601)
        // The first is gone, the second is not.
        #expect(try run.feed("b", [(3_601, "x", 3)]).isEmpty)
        #expect(try run.feed("a", [(3_601, "x", 4)]) == ["4|2", "4|3"])
    }

    @Test func rowsFromBeforeTheFirstWatermarkLiveForTheirTimeToo() throws {
        let run = try Run("SELECT a.v, b.v FROM a JOIN b ON a.k = b.k")
        _ = try run.feed("a", [(1, "x", 1)], watermark: 1)
        _ = try run.feed("b", [(2, "y", 2)], watermark: 2)
        #expect(try run.feed("b", [(2, "x", 3)]) == ["1|3"])
        try run.restart()
        _ = try run.feed("a", [], watermark: 3_602)
        _ = try run.feed("b", [], watermark: 3_602)
        #expect(try run.feed("b", [(3_602, "x", 4)]).isEmpty)
        #expect(try run.feed("a", [(3_602, "y", 5)]).isEmpty)
    }

    @Test func keysOfAStreamBesideAnEndedTableAreForgotten() throws {
        let run = try Run("SELECT a.v, b.v FROM a JOIN b ON a.k = b.k")
        #expect(try run.feed("b", [(1, "x", 10)]).isEmpty)
        for scan in run.query.scans where scan.table.name == "b" { try scan.input.stage.close(port: scan.input.port) }
        var held: [Int] = []
        for round in 0..<60 {
            #expect(try run.feed("a", (0..<500).map { (2, "key \(round * 500 + $0)", $0) }).isEmpty)
            held.append(run.heldBytes)
        }
        #expect(try #require(held.max()) <= 2 * #require(held.prefix(10).max()))
        #expect(try run.feed("a", [(3, "x", 7)]) == ["7|10"])
    }

    @Test func anIntervalJoinForgetsWhatNoRowCanMeet() throws {
        let run = try Run("SELECT a.v, b.v FROM a \(Self.interval)")
        #expect(try run.feed("a", [(10, "x", 1), (20, "x", 2)], watermark: 20).isEmpty)
        #expect(try run.feed("b", [(15, "x", 10), (9.9, "x", 11), (15.000001, "x", 12)], watermark: 15) == ["1|10"])
        // The row at 10 reaches to 15 and is gone.
        let before = run.heldBytes
        for step in 0..<200 {
            let time = Double(30 + step * 10)
            let rows = (0..<100).map { (time, "k\($0)" as String?, $0) }
            _ = try run.feed("a", rows, watermark: time)
            _ = try run.feed("b", rows, watermark: time)
        }
        #expect(run.heldBytes < before + 4_000_000)
        #expect(try run.feed("b", [(20, "x", 13)]).isEmpty)
    }

    @Test func anOuterIntervalJoinAnswersLonelyRowsWhenTheirTimeHasPassed() throws {
        let run = try Run("SELECT a.v, b.v FROM a LEFT \(Self.interval)")
        #expect(try run.feed("a", [(10, "x", 1), (10, "y", 2), (11, nil, 3)], watermark: 100).isEmpty)
        #expect(try run.feed("b", [(12, "x", 10)], watermark: 14.9) == ["1|10"])
        #expect(try run.feed("b", [], watermark: 15) == ["2|NULL"])
        #expect(try run.feed("b", [], watermark: 15.999999).isEmpty)
        #expect(try run.feed("b", [], watermark: 16) == ["3|NULL"])
        #expect(try run.close().isEmpty)
    }

    @Test func windowsBehindAnIntervalJoinWaitForItsRows() throws {
        let run = try Run(
            """
            SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE (SELECT b.ts AS ts FROM a \(Self.interval)),
              DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end
            """)
        #expect(try run.feed("a", [(8, "x", 1)], watermark: 30).isEmpty)
        #expect(try run.feed("b", [(9, "x", 1)], watermark: 9.5).isEmpty)
        #expect(try run.feed("b", [(9.9, "x", 1)], watermark: 12).isEmpty)
        #expect(try run.feed("b", [], watermark: 40) == ["0|2"])
    }

    @Test func windowJoinsGoWithTheirWindow() throws {
        func side(_ table: String) -> String {
            "(SELECT window_start, window_end, k, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE \(table), DESCRIPTOR(ts), "
                + "INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k)"
        }
        let run = try Run(
            """
            SELECT l.window_start, l.k, l.n, r.k, r.n FROM \(side("a")) l FULL JOIN \(side("b")) r
            ON l.window_start = r.window_start AND l.window_end = r.window_end AND l.k = r.k
            """)
        _ = try run.feed("a", [(1, "x", 0), (2, "x", 0), (3, "y", 0), (11, "x", 0)], watermark: 11)
        #expect(try run.feed("b", [(4, "x", 0), (5, "z", 0)], watermark: 9).isEmpty)
        #expect(
            try run.feed("b", [], watermark: 10) == ["0|x|2|x|1", "0|y|1|NULL|NULL", "NULL|NULL|NULL|z|1"])
        #expect(try run.close() == ["10000000|x|1|NULL|NULL"])
    }

    @Test func aRowOfAClosedWindowIsLateAndNotLonely() throws {
        func side(_ table: String) -> String {
            "TABLE(TUMBLE(TABLE \(table), DESCRIPTOR(ts), INTERVAL '10' SECOND))"
        }
        let run = try Run(
            "SELECT l.v, r.v FROM \(side("a")) AS l LEFT JOIN \(side("b")) AS r "
                + "ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end")
        _ = try run.feed("b", [(1, "x", 10)], watermark: 20)
        #expect(try run.feed("a", [(2, "x", 1)], watermark: 20) == ["1|10"])
        #expect(try run.feed("a", [(2, "x", 2)], watermark: 21).isEmpty)
        #expect(try run.feed("b", [], watermark: 40).isEmpty)
        #expect(run.query.lateRows == 1)
        #expect(try run.close().isEmpty)
    }

    static func windows(_ table: String, _ seconds: Int) -> String {
        "TABLE(TUMBLE(TABLE \(table), DESCRIPTOR(ts), INTERVAL '\(seconds)' SECOND))"
    }

    @Test func windowsThatDoNotCloseTogetherAreNoWindowJoin() throws {
        for condition in ["l.window_start = r.window_start", "l.window_end = r.window_start"] {
            let sides = "FROM \(Self.windows("a", 10)) AS l JOIN \(Self.windows("b", 20)) AS r"
            // What met none can't be told from what has not met one yet: the answer changes.
            let open = try Run(
                "SELECT l.v, r.v \(sides.replacing(" JOIN", with: " LEFT JOIN")) ON l.k = r.k AND \(condition)")
            #expect(open.query.fields.map(\.name) == ["op", "v", "v0"])
        }
        // An inner join holds its rows for their time instead.
        let run = try Run(
            "SELECT l.v, r.v FROM \(Self.windows("a", 10)) AS l JOIN \(Self.windows("b", 20)) AS r "
                + "ON l.k = r.k AND l.window_start = r.window_start")
        var answers = try run.feed("a", [(1, "x", 1)], watermark: 12)
        answers += try run.feed("b", [], watermark: 12)
        answers += try run.feed("b", [(15, "x", 10)], watermark: 15)
        #expect(answers + (try run.close()) == ["1|10"])
    }

    @Test func endsThatAreEqualCloseTogetherWhateverTheirWindows() throws {
        let run = try Run(
            "SELECT l.v, r.v FROM \(Self.windows("a", 10)) AS l LEFT JOIN \(Self.windows("b", 20)) AS r "
                + "ON l.k = r.k AND l.window_end = r.window_end")
        var answers = try run.feed("a", [(1, "x", 1), (11, "x", 2)], watermark: 15)
        answers += try run.feed("b", [(1, "x", 10)], watermark: 12)
        #expect(answers == ["1|NULL", "2|10"])
        #expect(try run.close().isEmpty)
    }

    @Test func whatGoesByTheWatermarkIsRefusedOverAnOpenJoin() throws {
        let open = "(SELECT a.ts AS ts, a.k AS k FROM a JOIN b ON a.k = b.k)"
        for text in [
            "SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE \(open), DESCRIPTOR(ts), INTERVAL '10' SECOND)) "
                + "GROUP BY window_start, window_end",
            "SELECT l.window_start, COUNT(*) FROM \(Self.windows("a", 10)) AS l JOIN b ON l.k = b.k "
                + "GROUP BY l.window_start, l.window_end",
        ] {
            #expect(throws: SQLError.self, "\(text)") { try Run(text) }
        }
        // Times that are past the watermark bound no join: it takes back what it has to.
        let late = try Run(
            "SELECT o.k FROM \(open) AS o LEFT JOIN b ON o.k = b.k "
                + "AND b.ts BETWEEN o.ts AND o.ts + INTERVAL '5' SECOND")
        #expect(late.query.fields.first?.name == "op")
    }

    @Test func outerJoinsWithoutBoundsTakeBack() throws {
        let run = try Run("SELECT a.v, b.v FROM a LEFT JOIN b ON a.k = b.k")
        #expect(try run.feed("a", [(1, "x", 1), (2, "y", 2)], watermark: 2) == ["+I|1|NULL", "+I|2|NULL"])
        #expect(try run.feed("b", [(3, "x", 10)], watermark: 3) == ["+I|1|10", "-D|1|NULL"])
        #expect(try run.feed("b", [(4, "x", 11)], watermark: 4) == ["+I|1|11"])
        // An hour of event time later the rows are forgotten; what was answered stays.
        #expect(try run.feed("b", [], watermark: 4_000).isEmpty)
        #expect(try run.feed("a", [], watermark: 4_000).isEmpty)
        #expect(try run.feed("a", [(4_001, "z", 3)], watermark: 4_001) == ["+I|3|NULL"])
        #expect(try run.feed("b", [(4_001, "y", 13)], watermark: 4_001).isEmpty)
        #expect(try run.feed("b", [(4_002, "z", 14)], watermark: 4_002) == ["+I|3|14", "-D|3|NULL"])
        #expect(try run.close().isEmpty)
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func stopsChangeNothing(seed: UInt64) throws {
        let kinds = ["", "LEFT ", "RIGHT ", "FULL "]
        let text = "SELECT a.k, a.v, b.v FROM a \(kinds[Int(seed) % 4])\(Self.interval) AND a.v <> b.v"
        func answers(stopping: Bool) throws -> [String] {
            var random = Random(seed: seed)
            let run = try Run(text)
            var answers: [String] = []
            var time = 0.0
            for _ in 0..<60 {
                time += 0.7
                for table in ["a", "b"] {
                    let rows = (0..<random.below(4)).map { _ in
                        (
                            time + Double(random.below(30)) / 10, ["x", "y", nil][random.below(3)] as String?,
                            random.below(3)
                        )
                    }
                    answers += try run.feed(table, rows, watermark: time - Double(random.below(3)))
                }
                if stopping { try run.restart() }
            }
            return (answers + (try run.close())).sorted()
        }
        let whole = try answers(stopping: false)
        #expect(whole.count > 30)
        #expect(try answers(stopping: true) == whole)
    }
}
