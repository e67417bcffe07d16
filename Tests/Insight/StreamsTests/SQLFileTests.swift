import Foundation
import Streams
import Testing

/// Every file of `Tests/SQL`. With `SQUILLA_REGENERATE=1` in the environment the expected rows are written anew; look
/// at the difference before you keep it.
struct SQLFileTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../SQL").standardizedFileURL

    static let files: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".test") }.sorted()

    @Test func thereAreFiles() { #expect(!Self.files.isEmpty) }

    @Test(arguments: files)
    func rowsAreAsExpected(_ name: String) throws {
        let url = Self.folder.appending(path: name)
        let file = try SQLTestFile(String(contentsOf: url, encoding: .utf8))
        let service = QueryService(log: nil)
        defer { service.stop() }
        let runner = SQLTestRunner(service: service)
        let answers = file.cases.map(runner.answer)
        if ProcessInfo.processInfo.environment["SQUILLA_REGENERATE"] == "1" {
            let kept = zip(file.cases, answers).map { test, answer in
                SQLTestRunner.matches(answer, test) ? test.expected : answer
            }
            try file.text(expecting: kept).write(to: url, atomically: true, encoding: .utf8)
            return
        }
        for (test, answer) in zip(file.cases, answers) {
            #expect(
                SQLTestRunner.matches(answer, test),
                "\(name):\(test.line) \(test.name)\n\(test.query)\nexpected:\n\(test.expected.joined(separator: "\n"))\nfound:\n\(answer.joined(separator: "\n"))"
            )
        }
    }
}
