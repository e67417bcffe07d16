import ArgumentParser
import Foundation

struct Origins: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a running server's origins: every endpoint, whether it may be asked, and what it did.")

    @Flag(help: "As JSON.") var json = false
    @OptionGroup var locator: ServerLocator

    func run() throws {
        let bytes = try locator.requiredClient().open("GET", "/api/v1/origins").readAll(limit: 64 << 20)
        defer { StandardOutput.flush() }
        guard !json else { return StandardOutput.write(bytes) }
        let origins = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [[String: Any]] ?? []
        var table = RowPrinter(format: .table, isLive: false)
        let shown = [
            "endpoint", "state", "reason", "weight", "priority", "zone", "active", "requests", "errors", "failures",
            "ejections", "first_byte_us",
        ]
        for origin in origins {
            for endpoint in origin["endpoints"] as? [[String: Any]] ?? [] {
                let values = try (["origin"] + shown).map { key -> String in
                    let value = key == "origin" ? origin["name"] : endpoint[key]
                    let text = try JSONSerialization.data(
                        withJSONObject: value ?? NSNull(), options: [.fragmentsAllowed, .withoutEscapingSlashes])
                    return "\"\(key)\":" + String(decoding: text, as: UTF8.self)
                }
                table.print(line: Array(("{" + values.joined(separator: ",") + "}").utf8))
            }
        }
        table.finish()
    }
}
