import Console
import Testing

@Suite("Console assets")
struct ConsoleTests {
    private func text(_ path: String) throws -> String {
        String(decoding: try #require(ConsoleAssets.asset(path)).body, as: UTF8.self)
    }

    @Test("The page is served at the root and by its name")
    func page() throws {
        let root = try #require(ConsoleAssets.asset("/"))
        #expect(root.contentType == "text/html; charset=utf-8")
        #expect(root.etag == ConsoleAssets.asset("/index.html")?.etag)
        #expect(root.etag.hasPrefix("\"") && root.etag.hasSuffix("\""))
    }

    @Test("What is not a file of the console is not found", arguments: ["/nothing", "/../etc/passwd", "//", "/app"])
    func unknown(path: String) {
        #expect(ConsoleAssets.asset(path) == nil)
    }

    @Test("Every module and file that another one names is embedded")
    func references() throws {
        for path in ConsoleAssets.paths {
            let content = try text(path)
            for marker in ["from './", "href=\"", "src=\""] {
                for part in content.components(after: marker) {
                    let name = String(part.prefix { $0 != "'" && $0 != "\"" && $0 != "?" })
                    guard !name.hasPrefix("#") else { continue }
                    #expect(ConsoleAssets.asset(name) != nil, "\(path) names \(name)")
                }
            }
        }
    }

    @Test("Nothing inline, nothing from elsewhere, no data as markup")
    func policy() throws {
        for path in ConsoleAssets.paths {
            let content = try text(path)
            for banned in [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "//cdn", "style=\"",
            ] {
                #expect(!content.contains(banned), "\(path) contains \(banned)")
            }
            if path != "icon.svg" { #expect(!content.contains("https://"), "\(path) names another host") }
        }
        #expect(!(try text("index.html")).contains("<style"))
    }
}

extension String {
    /// What follows each occurrence of a marker.
    fileprivate func components(after marker: String) -> [Substring] {
        var rest = self[...]
        var parts: [Substring] = []
        while let range = rest.firstRange(of: marker) {
            rest = rest[range.upperBound...]
            parts.append(rest)
        }
        return parts
    }
}
