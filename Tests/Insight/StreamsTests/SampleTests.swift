import Columns
import SQL
import Testing

@testable import Streams

@Suite struct SampleTests {
    private static func numbers(_ count: Int) -> Batch {
        Rows.batch([("n", .int64)], (0..<count).map { [$0] })
    }

    private static func run(_ op: consuming some StreamOperator, _ batches: [Batch]) throws -> [String] {
        var op = op
        var output: [Batch] = []
        for batch in batches { try op.process(batch, output: &output) }
        try op.finish(output: &output)
        return Rows.text(output)
    }

    @Test(arguments: [0.01, 0.1, 0.5, 0.9])
    func aRandomSampleHasItsSize(fraction: Double) throws {
        let count = 100_000
        let rows = try Self.run(SampleRandom(fraction: fraction, seed: 7), [Self.numbers(count)])
        // Five standard deviations of a binomial distribution.
        let expected = Double(count) * fraction
        let deviation = (expected * (1 - fraction)).squareRoot()
        #expect(abs(Double(rows.count) - expected) < 5 * deviation)
    }

    @Test(arguments: [1, 7, 1024])
    func aSeedGivesTheSameRowsInBatchesOfAnySize(size: Int) throws {
        let batch = Self.numbers(5000)
        let whole = try Self.run(SampleRandom(fraction: 0.3, seed: 42), [batch])
        let parts = try Self.run(SampleRandom(fraction: 0.3, seed: 42), Rows.split(batch, size))
        #expect(whole == parts)
        #expect(try Self.run(SampleRandom(fraction: 0.3, seed: 43), [batch]) != whole)
    }

    @Test func aStickySampleIsAPartOfTheKeys() throws {
        let keys: [BoundExpression] = [.column(index: 0, type: .bigint)]
        func sticky(_ fraction: Double, _ salt: Int64) throws -> Set<String> {
            let op = try SampleSticky(
                fraction: fraction, keys: keys, salt: salt, context: EvaluationContext(now: 0))
            return Set(try Self.run(op, [Self.numbers(20_000)]))
        }
        let tenth = try sticky(0.1, 0)
        #expect(abs(tenth.count - 2000) < 250)
        // Who is in a small sample is in a larger one too; another salt chooses anew.
        #expect(try sticky(0.5, 0).isSuperset(of: tenth))
        #expect(abs(try sticky(0.1, 1).intersection(tenth).count - 200) < 80)
    }

    @Test func textIsHashedAlikeInAllEncodings() throws {
        let texts = (0..<100).map { "key-\($0 % 10)" }
        let plain = Rows.batch([("k", .string)], texts.map { [$0] })
        var strings = ByteStrings()
        for index in 0..<10 { strings.append(Array("key-\(index)".utf8)[...]) }
        let coded = Batch(
            schema: plain.schema, rowCount: 100,
            columns: [
                Column(
                    type: .string, count: 100, validity: nil,
                    storage: .dictionary(codes: (0..<100).map { UInt32($0 % 10) }, values: strings))
            ])
        func rows(_ batch: Batch) throws -> [String] {
            let op = try SampleSticky(
                fraction: 0.5, keys: [.column(index: 0, type: .varchar)], salt: 5, context: EvaluationContext(now: 0))
            return try Self.run(op, [batch])
        }
        #expect(try rows(plain) == rows(coded))
    }

    @Test func aLiveExtrapolatedSecondWaitsForItsEnd() throws {
        var op = SampleRate(
            rowsPerSecond: 1, timeColumn: 0, appendsWeight: true,
            schema: Schema([Field("at", .timestamp), Field("$weight", .float64)]))
        var output: [Batch] = []
        try op.process(Rows.batch([("at", .timestamp)], [[0], [500_000], [999_999], [1_000_000]]), output: &output)
        #expect(output.isEmpty)
        #expect(op.stateBytes > 0)
        try op.onWatermark(999_998, output: &output)
        #expect(output.isEmpty)
        try op.onWatermark(999_999, output: &output)
        #expect(Rows.text(output) == ["0|3.0"])
        // Late: it counts in the earliest second that is open.
        output = []
        try op.process(Rows.batch([("at", .timestamp)], [[5]]), output: &output)
        try op.finish(output: &output)
        #expect(Rows.text(output) == ["1000000|2.0"])
        #expect(op.sampledOutRows == 3)
    }

    @Test func manySecondsStayBounded() throws {
        var op = SampleRate(
            rowsPerSecond: 1, timeColumn: 0, appendsWeight: false, schema: Schema([Field("at", .timestamp)]))
        var output: [Batch] = []
        for start in 0..<20 {
            let rows = (0..<10_000).map { [($0 + start * 10_000) * 1_000_000] }
            try op.process(Rows.batch([("at", .timestamp)], rows), output: &output)
        }
        #expect(output.reduce(0) { $0 + $1.rowCount } == 200_000)
        #expect(op.stateBytes < 16 << 20)
    }

    @Test(arguments: [
        "SELECT n FROM t SAMPLE RPS 2", "SELECT n FROM t SAMPLE RANDOM 40 SEED 9",
        "SELECT n FROM t SAMPLE STICKY(n) 40",
        """
        SELECT window_start, COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '2' SECOND))
        SAMPLE RPS 2 EXTRAPOLATE GROUP BY window_start, window_end
        """,
    ])
    func aSampleGoesOnAfterAStop(text: String) throws {
        let batches = (0..<6).map { index in
            Rows.batch(
                [("n", .int64), ("at", .timestamp)],
                (0..<5).map { [index * 5 + $0, (index * 5 + $0) * 300_000] as [Any?] })
        }
        let run = InterruptedRun(text: text, batches: batches, watermarks: (0..<6).map { Int64($0) * 1_500_000 - 1 })
        let whole = try run.answers(stops: [])
        #expect(!whole.isEmpty)
        #expect(try run.answers(stops: [0, 1, 2, 3, 4]) == whole)
    }
}
