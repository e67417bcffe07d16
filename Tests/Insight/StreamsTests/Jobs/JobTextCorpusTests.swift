import Foundation
import Testing

@testable import Streams

/// Replays the inputs that the fuzzer of jobs' texts starts from, among them all that ever broke something (Fuzz/corpus).
@Suite struct JobTextCorpusTests {
    @Test func whatSaysSomethingOfItselfIsACluster() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../../Fuzz/corpus/JobText")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        #expect(!names.isEmpty)
        var clusters = 0
        for name in names.sorted() {
            let text = String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
            if ClusterService.isCluster(text) { clusters += 1 }
            let quoted = text.replacing("'", with: "''")
            #expect(ClusterService.isCluster("SET 'job.cron' = '\(quoted)'; SELECT 1"), "\(name)")
        }
        #expect(clusters > 0)
    }
}
