import Foundation
import Testing

@testable import ESI

/// The examples of `docs/esi.md` give what stands below them.
@Suite struct ESIDocumentTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let markup: String
        let result: String
        var testDescription: String { String(markup.prefix(60)) }
    }

    static let examples: [Example] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let path = folder.appendingPathComponent("../../../docs/esi.md")
        guard let text = try? String(contentsOf: path, encoding: .utf8) else { return [] }
        return text.components(separatedBy: "```html\n").dropFirst().compactMap { part in
            let blocks = part.components(separatedBy: "```")
            guard blocks.count > 1, blocks[1].hasSuffix("\n") || blocks[1].hasPrefix("\n") else { return nil }
            let answer = part.components(separatedBy: "```text\n")
            guard answer.count > 1 else { return nil }
            return Example(markup: blocks[0], result: answer[1].components(separatedBy: "```")[0])
        }
    }()

    @Test func examplesAreFound() { #expect(Self.examples.count > 15) }

    @Test(arguments: examples)
    func example(_ example: Example) {
        var site = ScriptedSite(example.markup)
        site.target = "/page?q=shoes"
        site.headers = [("Cookie", "user=ada")]
        site.fragments = [
            "/hello": .init(body: Array("Hello".utf8)), "/down": .init(status: 503),
            "/part": .init(body: Array("<esi:vars>$(x|nothing)</esi:vars>".utf8)),
            "/set": .init(body: Array("<esi:assign name=\"x\" value=\"'set'\"/>".utf8)),
        ]
        let answer = site.run()
        #expect(answer.fault == nil)
        // Blank lines around elements that give nothing are of no matter here.
        let lines = answer.body.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let expected = example.result.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(lines.filter { !$0.isEmpty } == expected.filter { !$0.isEmpty })
    }
}
