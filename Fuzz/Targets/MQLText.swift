// modules: SQL
import Columns
import SQL

private struct Tables: Catalog {
    private let events = TableDescription(
        name: "t",
        fields: [
            PlanField(name: "@timestamp", type: .timestamp), PlanField(name: "b", type: .boolean),
            PlanField(name: "l", type: .bigint), PlanField(name: "d", type: .double),
            PlanField(name: "s", type: .varchar), PlanField(name: "ip", type: .ip), PlanField(name: "j", type: .json),
            PlanField(name: "a.b", type: .bigint),
        ], timeColumn: 0, watermarkDelay: 0)

    func table(_ name: String) -> TableDescription? { name == "t" ? events : nil }

    var tableNames: [String] { ["t"] }
}

/// Any text is a query that binds, or an error with a place in the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do throws(SQLError) {
        let query = try MQLTranslator.query(text, defaultTable: "t", isTable: { $0 == "t" })
        let plan = try Binder(catalog: Tables()).bind(query)
        precondition(!"\(plan)".isEmpty)
    } catch {
        let lines = text.utf8.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        guard let line = error.line, let column = error.column else { fatalError("no place: \(error)") }
        precondition(line >= 1 && line <= lines && column >= 1 && !error.rendered(text).isEmpty)
    }
    return 0
}
