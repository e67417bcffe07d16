import SQL
import Testing

@testable import squilla

@Suite struct JobFileTests {
    @Test func whatIsRefusedIsTriedAgainAsOthersAreTaken() {
        let files = ["a", "b", "c"].map { JobFile(name: $0, text: "") }
        var tried: [String] = []
        var launched: [String] = []
        let refused = JobFile.takeOn(files, awaitLaunch: { launched += $0 }) { (file) throws(SQLError) in
            tried.append(file.name)
            let isThere = file.name == "b" || file.name == "a" && launched.contains("b")
            guard isThere else { throw SQLError(code: .unknownTable, message: "no topic for \(file.name)") }
        }
        #expect(tried == ["a", "b", "c", "a", "c", "c"])
        #expect(launched == ["b", "a"])
        #expect(refused.map { $0.file.name } == ["c"])
    }
}
