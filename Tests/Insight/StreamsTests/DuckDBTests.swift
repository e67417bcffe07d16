import Columns
import Foundation
import Runtime
import Streams
import Testing

/// Compares answers over a real access log with DuckDB's. Skipped where Python has no duckdb or the log isn't there.
@Suite struct DuckDBTests {
    /// One question in both dialects. `{log}` is the table.
    struct Question: Sendable, CustomTestStringConvertible {
        let squilla: String
        let duckdb: String

        init(_ squilla: String, _ duckdb: String? = nil) {
            self.squilla = squilla
            self.duckdb = duckdb ?? squilla
        }

        var testDescription: String { squilla }
    }

    static let status = "http.response.status_code"
    static let bytes = "http.response.body.bytes"
    static let hour = "TABLE(TUMBLE(TABLE log, DESCRIPTOR(`@timestamp`), INTERVAL '1' HOUR))"

    static let questions: [Question] = [
        Question("SELECT count(*) FROM log"),
        Question("SELECT \(status), count(*) FROM log GROUP BY 1", "SELECT status, count(*) FROM log GROUP BY 1"),
        Question(
            "SELECT http.request.method, \(status), count(*), sum(\(bytes)) FROM log GROUP BY 1, 2",
            "SELECT method, status, count(*), sum(bytes)::BIGINT FROM log GROUP BY 1, 2"),
        Question(
            "SELECT url.path, count(*) AS n FROM log GROUP BY url.path ORDER BY n DESC, url.path LIMIT 20",
            "SELECT path, count(*) AS n FROM log GROUP BY path ORDER BY n DESC, path LIMIT 20"),
        Question(
            "SELECT min(\(bytes)), max(\(bytes)), sum(\(bytes)), avg(\(bytes)), count(\(bytes)) FROM log",
            "SELECT min(bytes), max(bytes), sum(bytes)::BIGINT, (sum(bytes) // count(bytes))::BIGINT, count(bytes) FROM log"
        ),
        Question(
            "SELECT \(status), avg(CAST(\(bytes) AS DOUBLE)) FROM log GROUP BY 1",
            "SELECT status, avg(bytes::DOUBLE) FROM log GROUP BY 1"),
        Question(
            "SELECT count(DISTINCT client.ip), count(DISTINCT url.path), count(DISTINCT user_agent.original) FROM log",
            "SELECT count(DISTINCT ip), count(DISTINCT path), count(DISTINCT agent) FROM log"),
        Question(
            "SELECT \(status), count(DISTINCT url.path), sum(DISTINCT \(bytes)) FROM log GROUP BY 1",
            "SELECT status, count(DISTINCT path), sum(DISTINCT bytes)::BIGINT FROM log GROUP BY 1"),
        Question(
            "SELECT http.request.method, count(*) FILTER (WHERE \(status) >= 400), sum(\(bytes)) FILTER (WHERE \(status) = 200) FROM log GROUP BY 1",
            "SELECT method, count(*) FILTER (WHERE status >= 400), (sum(bytes) FILTER (WHERE status = 200))::BIGINT FROM log GROUP BY 1"
        ),
        Question(
            "SELECT window_start, \(status), count(*) FROM \(hour) GROUP BY window_start, window_end, \(status)",
            "SELECT time_bucket(INTERVAL 1 HOUR, ts) AS w, status, count(*) FROM log GROUP BY 1, 2"),
        Question(
            "SELECT window_start, window_end, count(*), max(\(bytes)) FROM TABLE(HOP(TABLE log, DESCRIPTOR(`@timestamp`), "
                + "INTERVAL '1' HOUR, INTERVAL '6' HOUR)) GROUP BY window_start, window_end",
            "SELECT w, w + INTERVAL 6 HOUR, count(*), max(bytes) FROM (SELECT bytes, time_bucket(INTERVAL 1 HOUR, ts) "
                + "- INTERVAL 1 HOUR * unnest(range(6)) AS w FROM log) GROUP BY 1, 2"),
        Question(
            "SELECT count(*) FROM log WHERE url.path LIKE '%.png' AND \(status) <> 200",
            "SELECT count(*) FROM log WHERE path LIKE '%.png' AND status <> 200"),
        Question(
            "SELECT CASE WHEN \(bytes) IS NULL THEN 'none' WHEN \(bytes) < 1000 THEN 'small' ELSE 'large' END AS size, "
                + "count(*) FROM log GROUP BY 1",
            "SELECT CASE WHEN bytes IS NULL THEN 'none' WHEN bytes < 1000 THEN 'small' ELSE 'large' END AS size, "
                + "count(*) FROM log GROUP BY 1"),
        Question(
            "SELECT CAST(client.ip AS VARCHAR), count(*) AS n FROM log GROUP BY client.ip HAVING count(*) > 50",
            "SELECT ip, count(*) AS n FROM log GROUP BY ip HAVING count(*) > 50"),
        Question(
            "SELECT DISTINCT http.request.method, http.version FROM log", "SELECT DISTINCT method, version FROM log"),
        Question(
            "SELECT http.request.referrer, count(*) AS n FROM log GROUP BY 1 ORDER BY http.request.referrer DESC NULLS LAST LIMIT 30",
            "SELECT referrer, count(*) AS n FROM log GROUP BY 1 ORDER BY referrer DESC NULLS LAST LIMIT 30"),
        Question(
            "SELECT max(n), min(n) FROM (SELECT window_start, count(*) AS n FROM \(hour) GROUP BY window_start, window_end) AS hours",
            "SELECT max(n), min(n) FROM (SELECT time_bucket(INTERVAL 1 HOUR, ts) AS w, count(*) AS n FROM log GROUP BY 1)"
        ),
        Question(
            "WITH errors AS (SELECT url.path AS p, \(status) AS s FROM log WHERE \(status) >= 400) "
                + "SELECT s, p, count(*) FROM errors GROUP BY s, p",
            "WITH errors AS (SELECT path AS p, status AS s FROM log WHERE status >= 400) "
                + "SELECT s, p, count(*) FROM errors GROUP BY s, p"),
        Question(
            "SELECT upper(substring(url.path, 1, 5)), sum(char_length(url.path)) FROM log GROUP BY 1",
            "SELECT upper(substring(path, 1, 5)), sum(length(path))::BIGINT FROM log GROUP BY 1"),
        Question(
            "SELECT EXTRACT(HOUR FROM `@timestamp`), count(*) FROM log GROUP BY 1",
            "SELECT EXTRACT(HOUR FROM ts), count(*) FROM log GROUP BY 1"),
        Question(
            "SELECT http.request.referrer IS NULL, url.query IS NULL, count(*) FROM log GROUP BY 1, 2",
            "SELECT referrer IS NULL, query IS NULL, count(*) FROM log GROUP BY 1, 2"),
        Question(
            "SELECT count(*) FROM log WHERE client.ip IN (SELECT client.ip FROM log WHERE \(status) = 500)",
            "SELECT count(*) FROM log WHERE ip IN (SELECT ip FROM log WHERE status = 500)"),
        Question(
            "SELECT count(*) FROM log WHERE \(bytes) > (SELECT avg(\(bytes)) FROM log)",
            "SELECT count(*) FROM log WHERE bytes > (SELECT (sum(bytes) // count(bytes)) FROM log)"),
        Question(
            "SELECT 'ok' AS kind, count(*) FROM log WHERE \(status) < 400 UNION ALL SELECT 'bad', count(*) FROM log WHERE \(status) >= 400",
            "SELECT 'ok' AS kind, count(*) FROM log WHERE status < 400 UNION ALL SELECT 'bad', count(*) FROM log WHERE status >= 400"
        ),
        Question(
            "SELECT \(status), url.path, \(bytes) FROM log ORDER BY \(bytes) DESC NULLS LAST, url.path, \(status) LIMIT 50 OFFSET 10",
            "SELECT status, path, bytes FROM log ORDER BY bytes DESC NULLS LAST, path, status LIMIT 50 OFFSET 10"),
    ]

    static let logPath = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../../shared/data/access-combined.log").standardizedFileURL.path()

    /// Why the comparison can't be made here, or `nil`.
    static let obstacle: String? = {
        guard FileManager.default.fileExists(atPath: logPath) else {
            return "there is no ../shared/data/access-combined.log"
        }
        return run("import duckdb", input: "") == nil ? "python3 has no duckdb" : nil
    }()

    @Test(.enabled(if: DuckDBTests.obstacle == nil, "needs ../shared/data and duckdb for python3"))
    func answersAreThoseOfDuckDB() throws {
        let input = try JSONEncoder().encode(Self.questions.map(\.duckdb))
        let output = try #require(Self.run(Self.script, input: String(decoding: input, as: UTF8.self)))
        let expected = try JSONDecoder().decode([[String]].self, from: Data(output.utf8))
        let service = QueryService(
            log: nil, tables: ["log": TableDefinition(.file(path: Self.logPath, format: .combined))])
        defer { service.stop() }
        for (question, rows) in zip(Self.questions, expected) {
            let sink = CollectingSink()
            service.run(QueryRequest(question.squilla), sink: sink)
            let answer = try #require(sink.wait(timeoutMilliseconds: 60_000))
            #expect(answer.error == nil, "\(question.squilla)")
            let ours = Self.rows(answer.batches)
            #expect(ours == rows.sorted(), "\(question.squilla)")
        }
    }

    @Test(.enabled(if: DuckDBTests.obstacle == nil, "needs ../shared/data and duckdb for python3"))
    func approximationsAreClose() throws {
        let exact =
            "SELECT approx_count_distinct(path), quantile_disc(bytes, 0.5), quantile_disc(bytes, 0.99), "
            + "count(DISTINCT path), count(DISTINCT ip) FROM log"
        let output = try #require(Self.run(Self.script, input: "[\"\(exact)\"]"))
        let row = try #require(JSONDecoder().decode([[String]].self, from: Data(output.utf8)).first?.first)
        let theirs = row.split(separator: "|").compactMap { Double($0) }
        let service = QueryService(
            log: nil, tables: ["log": TableDefinition(.file(path: Self.logPath, format: .combined))])
        defer { service.stop() }
        let sink = CollectingSink()
        let text =
            "SELECT APPROX_PERCENTILE(\(Self.bytes), 0.5), APPROX_PERCENTILE(\(Self.bytes), 0.99), "
            + "APPROX_COUNT_DISTINCT(url.path), APPROX_COUNT_DISTINCT(client.ip) FROM log"
        service.run(QueryRequest(text), sink: sink)
        let answer = try #require(sink.wait(timeoutMilliseconds: 60_000))
        let ours = try #require(Rows.text(answer.batches).first).split(separator: "|").compactMap { Double($0) }
        try #require(ours.count == 4 && theirs.count == 5)
        for (mine, exact) in zip(ours, theirs.dropFirst()) {
            #expect(abs(mine - exact) <= exact * 0.03, "\(mine), exactly \(exact)")
        }
    }

    /// The rows in one order, doubles with nine digits.
    static func rows(_ batches: [Batch]) -> [String] {
        batches.flatMap { batch in
            (0..<batch.rowCount).map { row in
                batch.columns.map { column in
                    guard let numbers = column.float64s, !column.isNull(row) else { return Rows.text(column, row) }
                    let number = numbers[row]
                    return number == number.rounded() ? "\(Int(number))" : String(format: "%.9g", number)
                }.joined(separator: "|")
            }
        }.sorted()
    }

    /// Reads the log its own way, and answers a list of queries with lists of rows as text.
    static let script = """
        import duckdb, json, re, sys, tempfile
        line = re.compile(r'(\\S+) (\\S+) (\\S+) \\[([^\\]]+)\\] "(\\S+) (\\S+) HTTP/(\\S+)" (\\d+) (\\S+) "((?:[^"\\\\]|\\\\.)*)" "((?:[^"\\\\]|\\\\.)*)"$')
        import datetime
        none = lambda text: None if text == '-' else text
        rows = []
        for text in open('\(logPath)', encoding='utf-8', errors='replace'):
            m = line.match(text.rstrip('\\n'))
            if not m: continue
            ts = datetime.datetime.strptime(m[4], '%d/%b/%Y:%H:%M:%S %z').astimezone(datetime.timezone.utc).replace(tzinfo=None)
            path, _, query = m[6].partition('?')
            rows.append((ts, m[1], m[5], path, query or None, m[7], int(m[8]), None if m[9] == '-' else int(m[9]), none(m[10]), none(m[11])))
        db = duckdb.connect()
        db.execute("SET TimeZone = 'UTC'")
        names = 'ts ip method path query version status bytes referrer agent'.split()
        types = ['VARCHAR'] * 6 + ['BIGINT', 'BIGINT', 'VARCHAR', 'VARCHAR']
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            for row in rows: file.write(json.dumps(dict(zip(names, (str(row[0]),) + row[1:]))) + '\\n')
            file.flush()
            columns = ', '.join(f"{n}: '{t}'" for n, t in zip(names, types))
            db.execute(f"CREATE TABLE log AS SELECT * REPLACE (ts::TIMESTAMP AS ts) FROM read_json('{file.name}', format='newline_delimited', columns={{{columns}}})")
        epoch = datetime.datetime(1970, 1, 1)
        def cell(v):
            if v is None: return 'NULL'
            if isinstance(v, bool): return 'true' if v else 'false'
            if isinstance(v, datetime.datetime): return str(int((v - epoch) / datetime.timedelta(microseconds=1)))
            if isinstance(v, float): return str(int(v)) if v == int(v) else '%.9g' % v
            return str(v)
        print(json.dumps([['|'.join(cell(v) for v in row) for row in db.execute(q).fetchall()] for q in json.load(sys.stdin)]))
        """

    /// What a Python program prints, or `nil` when it fails.
    static func run(_ program: String, input: String) -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program]
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
            try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try stdin.fileHandleForWriting.close()
        } catch {
            return nil
        }
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self) : nil
    }
}
