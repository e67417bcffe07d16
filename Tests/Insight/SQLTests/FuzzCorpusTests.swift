import Foundation
import Testing

@testable import SQL

/// Replays the inputs that the fuzzers of texts start from, among them all that ever broke something (Fuzz/corpus).
@Suite struct FuzzCorpusTests {
    private struct Tables: Catalog {
        private let types = TableDescription(
            name: "t",
            fields: [
                PlanField(name: "@timestamp", type: .timestamp), PlanField(name: "b", type: .boolean),
                PlanField(name: "i", type: .integer), PlanField(name: "l", type: .bigint),
                PlanField(name: "d", type: .double), PlanField(name: "s", type: .varchar),
                PlanField(name: "x", type: .varbinary), PlanField(name: "day", type: .date),
                PlanField(name: "ts", type: .timestamp), PlanField(name: "ip", type: .ip),
                PlanField(name: "j", type: .json), PlanField(name: "a.b", type: .bigint),
            ], timeColumn: 0, watermarkDelay: 0)

        func table(_ name: String) -> TableDescription? { name == "t" ? types : nil }

        var tableNames: [String] { ["t"] }
    }

    static func texts(of target: String) throws -> [(name: String, text: String)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../Fuzz/corpus/\(target)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map { name in
            (name, String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self))
        }
    }

    private func check(_ error: SQLError, of text: String, _ name: String) throws {
        let lines = text.utf8.reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
        let line = try #require(error.line, "\(name): \(error)")
        let column = try #require(error.column, "\(name): \(error)")
        #expect((1...lines).contains(line) && column >= 1 && !error.rendered(text).isEmpty, "\(name)")
    }

    @Test func statements() throws {
        var plans = 0
        for (name, text) in try Self.texts(of: "SQLText") {
            do {
                for case .query(let query) in try SQLParser.parse(text) {
                    let binder = Binder(catalog: Tables())
                    if case .plan(let plan) = try binder.bind(query, answers: []) {
                        plans += 1
                        #expect(!"\(plan)".isEmpty)
                    }
                    #expect(!"\(try binder.bind(query))".isEmpty)
                }
            } catch {
                try check(error, of: text, name)
            }
        }
        #expect(plans >= 3, "the inputs mean something")
    }

    @Test func criteriaOfMantis() throws {
        var plans = 0
        for (name, text) in try Self.texts(of: "MQLText") {
            do {
                let query = try MQLTranslator.query(text, defaultTable: "t", isTable: { $0 == "t" })
                #expect(!"\(try Binder(catalog: Tables()).bind(query))".isEmpty)
                plans += 1
            } catch {
                try check(error, of: text, name)
            }
        }
        #expect(plans >= 3, "the inputs mean something")
    }
}
