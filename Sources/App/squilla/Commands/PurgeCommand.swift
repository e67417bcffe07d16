import ArgumentParser
import Foundation

struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take responses out of a running server's cache; returns when none of them can be served.",
        discussion: """
            squilla purge http://shop.example/p/17        one URL, all its variants
            squilla purge --tag product-17 --tag prices   what an origin marked by Surrogate-Key or Cache-Tag
            squilla purge --prefix http://shop.example/img/
            squilla purge --all --soft                    make everything stale, to be validated
            """)

    @Argument(help: "URLs as clients ask for them.") var url: [String] = []
    @Option(help: "A tag of Surrogate-Key or Cache-Tag; may be given several times.") var tag: [String] = []
    @Option(help: ArgumentHelp("All URLs that start so.", valueName: "url")) var prefix: [String] = []
    @Flag(help: "Everything.") var all = false
    @Flag(help: "Make it stale instead: it is validated, and may stand in for an origin that fails.") var soft = false
    @OptionGroup var locator: ServerLocator

    func validate() throws {
        if url.isEmpty, tag.isEmpty, prefix.isEmpty, !all {
            throw ValidationError("name a URL, --tag, --prefix or --all")
        }
    }

    func run() throws {
        let members: [String: Any] = ["urls": url, "tags": tag, "prefixes": prefix, "all": all, "soft": soft]
        let reply = try locator.requiredClient().open(
            "POST", "/api/v1/purge", body: [UInt8](try JSONSerialization.data(withJSONObject: members)),
            headers: [("Content-Type", "application/json")])
        StandardOutput.write(try reply.readAll(limit: 16 << 20))
        StandardOutput.flush()
    }
}
