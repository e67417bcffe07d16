import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// Stored queries that memory doesn't hold answer what they do where it does.
@Suite struct SpillTests {
    private static let tables = """
        CREATE TABLE t (k BIGINT, g VARCHAR, v BIGINT, d DOUBLE, ts TIMESTAMP(3)) WITH ('connector' = 'datagen',
          'number-of-rows' = '20000', 'seed' = '5', 'rows-per-second' = '1000', 'fields.k.min' = '0', 'fields.k.max' = '9000',
          'fields.k.null-rate' = '0.02', 'fields.g.length' = '40', 'fields.v.min' = '-50', 'fields.v.max' = '50',
          'fields.v.null-rate' = '0.1', 'fields.d.min' = '0', 'fields.d.max' = '8');
        CREATE TABLE u (k BIGINT, w BIGINT, s VARCHAR) WITH ('connector' = 'datagen', 'number-of-rows' = '12000',
          'seed' = '6', 'fields.k.min' = '4000', 'fields.k.max' = '12000', 'fields.k.null-rate' = '0.02',
          'fields.w.min' = '-20', 'fields.w.max' = '20', 'fields.s.length' = '30');

        """

    private static let ordered = [
        "SELECT k, g, v FROM t ORDER BY g",
        "SELECT v, k, g FROM t ORDER BY v DESC NULLS LAST, k, g",
        "SELECT v, g FROM t ORDER BY v LIMIT 9000 OFFSET 2500",
        "SELECT k, COUNT(*) AS n, MIN(g) AS m FROM t GROUP BY k ORDER BY n DESC, k",
        "SELECT t.k, t.g, u.s FROM t JOIN u ON t.k = u.k ORDER BY u.s, t.g, t.k",
    ]

    private static let unordered = [
        "SELECT g, COUNT(*), SUM(v), AVG(v), MIN(v), MAX(g), COUNT(DISTINCT v) FROM t GROUP BY g",
        "SELECT k, SUM(v) FILTER (WHERE v > 0), APPROX_PERCENTILE(v, 0.5), APPROX_COUNT_DISTINCT(g) FROM t GROUP BY k",
        "SELECT k, LISTAGG(g), FIRST_VALUE(v), LAST_VALUE(g) FROM t GROUP BY k",
        "SELECT window_start, g, COUNT(*), MAX(v) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) "
            + "GROUP BY window_start, window_end, g",
        "SELECT k, v, GROUPING_ID(k, v), COUNT(*) FROM t GROUP BY ROLLUP (k, v)",
        "SELECT t.k, t.g, u.s FROM t JOIN u ON t.k = u.k",
        "SELECT t.g, u.s FROM t LEFT JOIN u ON t.k = u.k AND t.v < u.w",
        "SELECT t.g, u.s FROM t RIGHT JOIN u ON t.k = u.k AND t.v < u.w",
        "SELECT t.g, u.s FROM t FULL JOIN u ON t.k = u.k AND t.v < u.w",
        "SELECT g FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k)",
        "SELECT g FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND u.w > t.v)",
        "SELECT a.g, b.g FROM t AS a JOIN t AS b ON a.k = b.k AND a.v < b.v JOIN u ON u.k = a.k",
    ]

    private struct Answer {
        var rows: [String]
        var error: SQLError?
        var peakBytes: Int
    }

    private static func ask(
        _ text: String, memory: Int, storage: SimulatedStorage? = nil, spillBytes: Int = 1 << 30, threads: Int = 1
    ) throws -> Answer {
        var limits = QueryLimits()
        limits.memoryBytes = memory
        limits.spillFolder = storage == nil ? nil : "/data/spill"
        limits.spillBytes = spillBytes
        limits.sharedScanRows = threads > 1 ? 100 : .max
        limits.workerThreads = threads
        let service = QueryService(
            log: nil, clock: ManualClock(), limits: limits, tables: [:], http: nil, system: SystemClock(),
            threads: threads, spillStorage: storage ?? SimulatedStorage(seed: 1))
        defer { service.stop() }
        let sink = CollectingSink()
        service.run(QueryRequest(tables + text), sink: sink)
        let answer = try #require(sink.wait(timeoutMilliseconds: 120_000))
        return Answer(
            rows: Rows.text(answer.batches), error: answer.error, peakBytes: answer.statistics.peakMemoryBytes)
    }

    @Test(arguments: 0..<ordered.count) func orderIsKept(query: Int) throws {
        let storage = SimulatedStorage(seed: 1)
        let whole = try Self.ask(Self.ordered[query], memory: 1 << 30)
        let spilled = try Self.ask(Self.ordered[query], memory: 2 << 20, storage: storage)
        #expect(whole.error == nil && spilled.error == nil && whole.rows.count > 1_000)
        #expect(spilled.rows == whole.rows)
        #expect(try storage.list("/data/spill").isEmpty)
        #expect(storage.calls > 20, "nothing was put aside")
        #expect(spilled.peakBytes < 2 << 20 && whole.peakBytes > spilled.peakBytes)
    }

    @Test(arguments: 0..<unordered.count, [1, 3]) func theRowsAreTheSame(query: Int, threads: Int) throws {
        let storage = SimulatedStorage(seed: 1)
        let whole = try Self.ask(Self.unordered[query], memory: 1 << 30)
        let spilled = try Self.ask(Self.unordered[query], memory: 2 << 20, storage: storage, threads: threads)
        #expect(whole.error == nil && spilled.error == nil && whole.rows.count > 1_000)
        #expect(spilled.rows.sorted() == whole.rows.sorted())
        #expect(try storage.list("/data/spill").isEmpty)
        #expect(storage.calls > 20, "nothing was put aside")
    }

    /// Small parts are written together: a group comes several times in what is read at once.
    @Test(arguments: [3, 4, 6, 8]) func aGroupThatIsPutAsideAgainIsOne(megabytes: Int) throws {
        let storage = SimulatedStorage(seed: 1)
        let text = """
            CREATE TABLE r (k BIGINT, v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '80000', 'seed' = '3',
              'fields.k.min' = '0', 'fields.k.max' = '20000', 'fields.v.min' = '-9', 'fields.v.max' = '9');
            SELECT k, COUNT(*), SUM(v), MIN(v), COUNT(DISTINCT v), LISTAGG(CAST(v AS VARCHAR)) FROM r GROUP BY k
            """
        let whole = try Self.ask(text, memory: 1 << 30)
        let spilled = try Self.ask(text, memory: megabytes << 20, storage: storage)
        #expect(whole.error == nil && spilled.error == nil && storage.calls > 20)
        #expect(spilled.rows.sorted() == whole.rows.sorted())
    }

    @Test func withoutAFolderItIsRefused() throws {
        let answer = try Self.ask(Self.ordered[0], memory: 1 << 20)
        #expect(answer.error?.message.contains("ORDER BY holds the most") == true)
    }

    @Test func aFullDiskIsSaidSo() throws {
        for text in [Self.ordered[0], Self.unordered[0], Self.unordered[5]] {
            let storage = SimulatedStorage(seed: 1)
            storage.setCapacity(bytes: 100_000)
            let answer = try Self.ask(text, memory: 1 << 20, storage: storage)
            #expect(answer.error?.code == .limitExceeded)
            #expect(answer.error?.message.contains("fills the disk") == true, "\(String(describing: answer.error))")
            #expect(try storage.list("/data/spill").isEmpty)
        }
    }

    @Test func whatAQueryPutsAsideHasALimit() throws {
        let storage = SimulatedStorage(seed: 1)
        let answer = try Self.ask(Self.ordered[0], memory: 1 << 20, storage: storage, spillBytes: 300_000)
        #expect(answer.error?.suggestion?.contains("query.spill_bytes") == true)
        #expect(try storage.list("/data/spill").isEmpty)
    }

    @Test func whatACrashHasLeftIsRemoved() throws {
        let storage = SimulatedStorage(seed: 1)
        try storage.createFolder("/data/spill")
        _ = try storage.open("/data/spill/spill-7", mode: .create)
        _ = try storage.open("/data/spill/notes", mode: .create)
        _ = try Self.ask("SELECT 1 AS one", memory: 1 << 20, storage: storage)
        #expect(try storage.list("/data/spill") == ["notes"])
    }
}
