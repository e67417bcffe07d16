import Foundation
import SQL
import Testing

@testable import Streams

/// Replays the inputs that the fuzzer of jobs' texts starts from, among them all that ever broke something (Fuzz/corpus).
@Suite struct JobTextCorpusTests {
    private static func texts(of target: String) throws -> [(name: String, text: String)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../../Fuzz/corpus/\(target)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map { name in
            (name, String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self))
        }
    }

    @Test func scriptsAreJobsOrRefusedWithWords() throws {
        var jobs = 0
        for (name, text) in try Self.texts(of: "JobScript") {
            do throws(SQLError) {
                let filled = try JobParameters.filled(text, [:])
                _ = try JobScript(filled, name: "job", limits: .standard)
                jobs += 1
            } catch {
                #expect(!error.rendered(text).isEmpty, "\(name)")
            }
        }
        #expect(jobs >= 3, "the inputs mean something")
    }

    @Test func whatSaysSomethingOfItselfIsACluster() throws {
        let texts = try Self.texts(of: "JobText")
        #expect(!texts.isEmpty)
        var clusters = 0
        for (name, text) in texts {
            if ClusterService.isCluster(text) { clusters += 1 }
            let quoted = text.replacing("'", with: "''")
            #expect(ClusterService.isCluster("SET 'job.cron' = '\(quoted)'; SELECT 1"), "\(name)")
        }
        #expect(clusters > 0)
    }
}
