import Edge
import Foundation
import Settings
import Testing

@testable import squilla

/// Each example of docs/rules.md is read, compiled, and nothing in it is unlikely.
@Suite struct RulesDocumentTests {
    private static let origins = "origins: [{url: \"http://127.0.0.1:3000\"}]\nesi: {enabled: true}\n"

    private static func examples() throws -> [String] {
        var folder = #filePath.split(separator: "/").dropLast()
        folder.removeLast(3)
        let text = try String(
            contentsOfFile: "/" + folder.joined(separator: "/") + "/docs/rules.md", encoding: .utf8)
        return text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }

    @Test func examplesAreRight() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 12)
        for example in examples {
            let yaml = (example.hasPrefix("origins:") ? "" : Self.origins) + example
            let settings = try Settings(yaml: yaml)
            #expect(!settings.rules.isEmpty)
            let (edge, warnings) = try settings.edgeRules()
            #expect(edge.set != nil, "\(example)")
            #expect(warnings.isEmpty, "\(warnings)")
        }
    }

    @Test func aMistakeIsShownInTheFileThatWasRead() throws {
        let settings = try Settings(
            yaml: "origins: [{url: \"http://127.0.0.1:3000\"}]\nrules:\n  - when: url.paht = '/'\n    deny: 403\n",
            overrides: { $0.source = "/etc/edge.yaml" })
        let failure = try #require(throws: Failure.self) { _ = try settings.edgeSettings() }
        #expect(failure.description.hasPrefix("/etc/edge.yaml:3:11:"), "\(failure)")
    }

    @Test(arguments: [
        ("rules:\n  - name: a\n    when: url.paht = '/'\n    deny: 403\n", 4, 11, "did you mean url.path"),
        (
            "rules:\n  - name: a\n    when: |\n      url.path = '/'\n        AND url.quer = ''\n    deny: 403\n", 6, 13,
            "url.query"
        ),
        ("rules:\n  - name: a\n    when: \"url.path = '/' AND port = 1\"\n    deny: 403\n", 4, 31, "port"),
        ("rules:\n  - name: a\n    set_headers: {X-A: \"a${url.pth}\"}\n", 4, 28, "url.path"),
        ("rules:\n  - name: a\n    origin: nxt\n", 4, 13, "there is no origin nxt"),
        ("rules:\n  - name: a\n    ttl: ${url.pth}\n", 4, 12, "url.path"),
        ("rules:\n  - name: a\n    ttl: ${url.path}\n", 4, 10, "this is text"),
    ])
    func mistakesArePointedAt(yaml: String, line: Int, column: Int, message: String) throws {
        let settings = try Settings(yaml: "origins: [{url: \"http://127.0.0.1:3000\"}]\n" + yaml)
        let error = try #require(throws: SettingsError.self) { _ = try settings.edgeRules() }
        let found = try #require(error.diagnostics.first)
        #expect((found.line, found.column) == (line, column), "\(found)")
        #expect(found.message.contains(message), "\(found)")
    }
}
