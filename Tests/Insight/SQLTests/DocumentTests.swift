import Foundation
import SQL
import Testing

/// The queries of `docs/sql.md` and `docs/events.md` are right.
struct DocumentTests {
    private struct Events: Catalog {
        let requests: TableDescription
        var declared: [String: TableDescription] = [:]

        /// The fields out of the table in `docs/events.md`.
        init() throws {
            var fields: [PlanField] = []
            for line in try DocumentTests.text("events.md").split(separator: "\n") where line.hasPrefix("| `") {
                let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                guard cells.count >= 2, let word = cells[1].split(whereSeparator: { ", ".contains($0) }).first else {
                    continue
                }
                let types: [String: SQLType] = [
                    "timestamp": .timestamp, "int64": .bigint, "string": .varchar, "ip": .ip, "bool": .boolean,
                    "float64": .double, "json": .json,
                ]
                guard let type = types[String(word)] else { continue }
                fields.append(PlanField(name: cells[0].replacing("`", with: ""), type: type))
            }
            requests = TableDescription(name: "requests", fields: fields, timeColumn: 0, watermarkDelay: 0)
        }

        func table(_ name: String) -> TableDescription? { name == "requests" ? requests : declared[name] }

        var tableNames: [String] { ["requests"] }
    }

    private static func text(_ name: String) throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../../docs")
        return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test(arguments: ["sql.md", "events.md"])
    func queriesBind(_ name: String) throws {
        var catalog = try Events()
        #expect(catalog.requests.fields.count > 20)
        let blocks = try Self.text(name).components(separatedBy: "```sql\n").dropFirst()
        #expect(!blocks.isEmpty)
        for block in blocks {
            var views: [ViewDeclaration] = []
            var functions: [FunctionDeclaration] = []
            let query = block.components(separatedBy: "```")[0]
            do throws(SQLError) {
                for statement in try SQLParser.parse(query) {
                    switch statement {
                    case .query(let select):
                        _ = try Binder(catalog: catalog, views: views, functions: functions).fields(of: select)
                    case .explain(let explained):
                        _ = try Binder(catalog: catalog, views: views, functions: functions).fields(of: explained.query)
                    case .createView(let view): views.append(view)
                    case .createFunction(let function): functions.append(function)
                    case .hint(let hint): catalog.declared[hint.name] = catalog.table(hint.table.text)
                    case .createTable(let table):
                        var description = TableDescription(
                            name: table.name, fields: table.fields, timeColumn: nil, watermarkDelay: 0)
                        description.columns = try Binder.columns(
                            table.computed, over: table.fields, table: table.name, appends: false)
                        catalog.declared[table.name] = description
                    default: break
                    }
                }
            } catch {
                Issue.record("\(name): \(error.rendered(query))")
            }
        }
    }

    @Test func allFunctionsAreNamed() throws {
        let text = try Self.text("sql.md")
        let words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
        let aliases: Set<String> = ["BTRIM", "CEILING", "CHARACTER_LENGTH", "CURRENT_ROW_TIMESTAMP"]
        for name in FunctionSignatures.names where !aliases.contains(name) { #expect(words.contains(name), "\(name)") }
    }
}
