import Columns
import Runtime
import Testing

@testable import Streams

/// The records of checkpoints hold what a join holds, though none but the first is whole.
@Suite struct JoinStateTests {
    static let queries = [
        "SELECT a.v, b.v FROM t AS a JOIN t AS b ON a.k = b.k AND a.v <> b.v",
        "SELECT a.v, b.v FROM t AS a JOIN t AS b ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '2' SECOND",
        "SELECT a.v, b.v FROM t AS a LEFT JOIN t AS b ON a.k = b.k AND a.v > b.v AND b.ts BETWEEN a.ts - INTERVAL '1' SECOND "
            + "AND a.ts + INTERVAL '1' SECOND",
        "SELECT a.v, b.v FROM t AS a FULL JOIN t AS b ON a.k = b.k AND b.v = a.v + 1 AND b.ts BETWEEN a.ts AND a.ts + "
            + "INTERVAL '3' SECOND",
        """
        SELECT a.v, b.v FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) AS a
        LEFT JOIN TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) AS b
        ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.k = b.k AND a.v < b.v
        """,
        "SELECT v FROM t AS a WHERE EXISTS (SELECT 1 FROM t AS r WHERE r.k = a.k AND r.v = a.v + 1 AND r.ts "
            + "BETWEEN a.ts - INTERVAL '1' SECOND AND a.ts + INTERVAL '1' SECOND)",
        // Their answers may be taken back.
        "SELECT a.v, b.v FROM t AS a LEFT JOIN t AS b ON a.k = b.k AND b.v > a.v + 500 EMIT CHANGES",
        "SELECT a.v, b.v FROM t AS a FULL JOIN t AS b ON a.k = b.k AND b.v = a.v + 1 EMIT CHANGES",
        "SELECT a.v, c.n FROM t AS a JOIN (SELECT k, COUNT(*) AS n FROM t GROUP BY k) AS c ON a.k = c.k EMIT CHANGES",
    ]

    /// 16 batches of some hundred rows, half a second each; some rows are late, some have no time or no key.
    private static func run(_ text: String, seed: UInt64) -> InterruptedRun {
        var random = Random(seed: seed)
        var latest: Int64 = 0
        var watermarks: [Int64] = []
        let batches = (0..<16).map { index -> Batch in
            let rows = (0..<200 + random.below(200)).map { row -> [Any?] in
                let time = index * 500_000 + random.below(1_500_000) - (random.chance(0.02) ? 3_000_000 : 0)
                latest = max(latest, Int64(time))
                return [
                    random.chance(0.01) ? nil : time, random.chance(0.05) ? nil : random.below(300),
                    index * 1_000 + row % 400,
                ]
            }
            watermarks.append(latest - 700_000)
            return Rows.batch([("ts", .timestamp), ("k", .int64), ("v", .int64)], rows)
        }
        return InterruptedRun(text: text, batches: batches, watermarks: watermarks)
    }

    @Test(arguments: 0..<queries.count) func recordsHoldWhatAJoinHolds(query: Int) throws {
        let run = Self.run(Self.queries[query], seed: UInt64(query))
        let whole = try run.answers(stops: []).sorted()
        #expect(!whole.isEmpty)
        for stop in [0, 2, 5, 9, 14] { #expect(try run.answersFromRecords(stops: [stop]).sorted() == whole) }
        #expect(try run.answersFromRecords(stops: [1, 2, 6, 8, 11, 12]).sorted() == whole)
    }

    /// The records from `since` on, played one after the other, hold every row as it is.
    @Test(arguments: 0..<20 as Range<UInt64>) func theRecordsNeededHoldAllRowsAsTheyAre(seed: UInt64) {
        var random = Random(seed: seed)
        var changes = RowChanges()
        var rows: [(number: UInt32, value: Int, isGone: Bool)] = []
        var next: UInt32 = 0
        var records: [(sequence: Int64, rows: [(UInt32, Int)], gone: [UInt32])] = []
        var longest = 0
        for sequence in 1...200 as ClosedRange<Int64> {
            for _ in 0..<random.below(200) {
                rows.append((next, 0, false))
                next += 1
            }
            for _ in 0..<random.below(60) where !rows.isEmpty {
                let place = random.below(rows.count)
                guard !rows[place].isGone else { continue }
                if random.chance(0.5) {
                    rows[place].value += 1
                    changes.touch(place)
                } else {
                    rows[place].isGone = true
                    changes.lose(place, number: rows[place].number)
                }
            }
            if random.chance(0.1) {
                let old = rows
                changes.compact(count: old.count) { !old[$0].isGone }
                rows.removeAll { $0.isGone }
            }
            let share = changes.take(
                rows: rows.count, for: OperatorState(sequence: sequence, isWhole: sequence % 50 == 7))
            let saved = share.places.map { Int($0) }.filter { !rows[$0].isGone }
                .map { (rows[$0].number, rows[$0].value) }
            records.append((sequence, saved, share.gone))
            records.removeAll { $0.sequence < share.since ?? sequence }
            longest = max(longest, records.count)
            var replayed: [UInt32: Int] = [:]
            for record in records { for (number, value) in record.rows { replayed[number] = value } }
            for number in records.flatMap(\.gone) { replayed[number] = nil }
            let expected = rows.filter { !$0.isGone }.map { ($0.number, $0.value) }
            #expect(replayed == Dictionary(uniqueKeysWithValues: expected), "record \(sequence)")
        }
        // Old records fall out of use.
        #expect(longest <= 70)
    }

    @Test func aRecordIsAsLargeAsWhatChangedAndAShareOfTheRest() {
        var changes = RowChanges()
        let first = changes.take(rows: 1_000_000, for: OperatorState(sequence: 1, isWhole: false))
        #expect(first.places.count == 1_000_000 && first.since == nil)
        changes.touch(7)
        changes.touch(7)
        changes.touch(999_999)
        let share = changes.take(rows: 1_000_010, for: OperatorState(sequence: 2, isWhole: false))
        #expect(share.places == Array(0..<31_250) + Array(999_999..<1_000_010) && share.since == 1)
    }
}
