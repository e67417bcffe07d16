import Foundation
import Testing

@testable import Streams

/// Every row once, whatever happens: the whole engine on one thread, from seeds. `SQUILLA_SEEDS=20000` runs more.
@Suite struct JobSimulationTests {
    static let jobs: [(text: String, targets: [String])] = [
        (
            """
            INSERT INTO per_user SELECT window_start, user, COUNT(*) AS n, SUM(value) AS total, COUNT(DISTINCT value) AS d
            FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(`@timestamp`), INTERVAL '2' SECOND, INTERVAL '6' SECOND))
            GROUP BY window_start, window_end, user
            """, ["per_user"]
        ),
        (
            """
            EXECUTE STATEMENT SET BEGIN
            INSERT INTO pairs SELECT c.user, c.value AS clicked, o.value AS ordered
              FROM clicks AS c JOIN orders AS o ON c.user = o.user
              AND o.`@timestamp` BETWEEN c.`@timestamp` - INTERVAL '3' SECOND AND c.`@timestamp` + INTERVAL '3' SECOND;
            INSERT INTO quotients SELECT user, 12 / value AS q FROM orders;
            END
            """, ["pairs", "quotients", "dead-letters"]
        ),
        (
            """
            EXECUTE STATEMENT SET BEGIN
            INSERT INTO seen SELECT DISTINCT user, value FROM clicks;
            INSERT INTO sessions SELECT window_start, window_end, user, COUNT(*) AS n, MAX(value) AS best
              FROM TABLE(SESSION(TABLE clicks PARTITION BY user, DESCRIPTOR(`@timestamp`), INTERVAL '2' SECOND))
              GROUP BY window_start, window_end, user;
            END
            """, ["seen", "sessions"]
        ),
        (
            """
            EXECUTE STATEMENT SET BEGIN
            INSERT INTO shares SELECT window_end, value, COUNT(*) AS n, MAX(user) AS u, SUM(12 / value) AS q
              FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(`@timestamp`), INTERVAL '3' SECOND))
              GROUP BY window_start, window_end, value;
            INSERT INTO both SELECT c.window_start, c.n, o.total
              FROM (SELECT window_start, window_end, COUNT(*) AS n
                FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND, INTERVAL '4' SECOND))
                GROUP BY window_start, window_end) AS c
              JOIN (SELECT window_start, window_end, SUM(value) AS total
                FROM TABLE(HOP(TABLE orders, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND, INTERVAL '4' SECOND))
                GROUP BY window_start, window_end) AS o
              ON c.window_start = o.window_start AND c.window_end = o.window_end;
            END
            """, ["shares", "both", "dead-letters"]
        ),
        (
            """
            CREATE TABLE totals (user BIGINT, n BIGINT, total BIGINT, PRIMARY KEY (user) NOT ENFORCED);
            CREATE TABLE tops (user BIGINT, r BIGINT, value BIGINT, PRIMARY KEY (user, r) NOT ENFORCED);
            EXECUTE STATEMENT SET BEGIN
            INSERT INTO totals SELECT user, COUNT(*), SUM(value) FROM clicks GROUP BY user;
            INSERT INTO tops SELECT user, r, value FROM (
              SELECT user, value, ROW_NUMBER() OVER (PARTITION BY user ORDER BY value DESC) AS r FROM clicks) WHERE r < 3;
            INSERT INTO running SELECT user, value, SUM(value) OVER (PARTITION BY user ORDER BY `@timestamp`) AS total
              FROM clicks;
            INSERT INTO rises SELECT * FROM orders MATCH_RECOGNIZE (PARTITION BY user ORDER BY `@timestamp`
              MEASURES A.value AS low, LAST(B.value) AS high PATTERN (A B+ C) DEFINE A AS A.value < 3,
              B AS B.value > A.value, C AS C.value < 3);
            END
            """, ["totals", "tops", "running", "rises"]
        ),
        (
            """
            CREATE TABLE changing (user BIGINT, n BIGINT, total BIGINT, PRIMARY KEY (user) NOT ENFORCED);
            EXECUTE STATEMENT SET BEGIN
            INSERT INTO matched SELECT c.user, c.value AS clicked FROM clicks AS c JOIN orders AS o
              ON c.user = o.user AND c.value = o.value;
            INSERT INTO changing SELECT c.user, c.n, o.total
              FROM (SELECT user, COUNT(*) AS n FROM clicks GROUP BY user) AS c
              LEFT JOIN (SELECT user, SUM(value) AS total FROM orders GROUP BY user) AS o ON c.user = o.user;
            INSERT INTO alone SELECT c.user, c.value AS clicked, o.value AS ordered FROM clicks AS c LEFT JOIN orders AS o
              ON c.user = o.user AND o.`@timestamp` BETWEEN c.`@timestamp` AND c.`@timestamp` + INTERVAL '1' SECOND;
            END
            """, ["matched", "changing", "alone"]
        ),
    ]

    static let seeds = ProcessInfo.processInfo.environment["SQUILLA_SEEDS"].flatMap { Int($0) } ?? 2_000
    private static let blocks = 8

    @Test(arguments: 0..<blocks) func everyRowIsThereOnce(block: Int) throws {
        for seed in stride(from: block, to: Self.seeds, by: Self.blocks) {
            let (text, targets) = Self.jobs[seed / Self.blocks % Self.jobs.count]
            let simulation = JobSimulation(seed: UInt64(seed), text: text, targets: targets)
            let outcome = try simulation.run()
            let expected = try JobSimulation.inPeace(simulation.inputs, text: text, targets: targets)
            guard outcome == expected else {
                let text = outcome.difference(from: expected)
                Issue.record("seed \(seed): \(text)\n\(simulation.lines.joined(separator: "\n"))")
                return
            }
        }
    }

    @Test func theSameSeedIsTheSameRun() throws {
        let (text, targets) = Self.jobs[1]
        let runs = try (0..<2).map { _ in try JobSimulation(seed: 77, text: text, targets: targets).run() }
        #expect(runs[0] == runs[1])
        #expect(runs[0].rows["pairs"]?.isEmpty == false)
    }
}
