import Foundation
import Streams
import Testing

/// Runs `Tests/SQL/*.test`, each case with batches of several sizes: an answer must not depend on where a batch ends.
@Suite struct SQLFileTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../SQL")
        .standardizedFileURL

    static let files: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.filter { $0.hasSuffix(".test") }.sorted()
    }()

    /// The plain-text cases are the reference of the language: files that are lost, or that no longer read as cases, show.
    @Test func thereAreManyCases() throws {
        let counts = try Self.files.map { name in
            try SQLTestFile(String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)).cases.count
        }
        #expect(counts.reduce(0, +) >= 600)
        #expect(counts.allSatisfy { $0 > 0 })
    }

    @Test(arguments: files) func file(_ name: String) throws {
        let path = Self.folder.appending(path: name)
        let file = try SQLTestFile(String(contentsOf: path, encoding: .utf8))
        let service = QueryService(log: nil)
        defer { service.stop() }
        if ProcessInfo.processInfo.environment["SQUILLA_REGENERATE"] != nil {
            let answers = file.cases.map { SQLTestRunner(service: service).answer(to: $0) }
            let kept = zip(file.cases, answers).map { SQLTestRunner.matches($1, $0) ? $0.expected : $1 }
            try file.text(expecting: kept).write(to: path, atomically: true, encoding: .utf8)
            return
        }
        for batchRows in [1_024, 7, 1] {
            let runner = SQLTestRunner(service: service, batchRows: batchRows)
            for test in file.cases {
                let answer = runner.answer(to: test)
                if !SQLTestRunner.matches(answer, test) {
                    Issue.record(
                        """
                        \(name):\(test.line) \(test.name), batches of \(batchRows) rows
                        expected:
                        \(test.expected.joined(separator: "\n"))
                        answered:
                        \(answer.joined(separator: "\n"))
                        """)
                }
            }
        }
    }
}
