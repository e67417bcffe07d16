// modules: SQL
import Columns
import SQL

private struct Tables: Catalog {
    private let types = TableDescription(
        name: "t",
        fields: [
            PlanField(name: "b", type: .boolean), PlanField(name: "i", type: .integer),
            PlanField(name: "l", type: .bigint), PlanField(name: "d", type: .double),
            PlanField(name: "s", type: .varchar), PlanField(name: "x", type: .varbinary),
            PlanField(name: "day", type: .date), PlanField(name: "ts", type: .timestamp),
            PlanField(name: "ip", type: .ip), PlanField(name: "j", type: .json),
            PlanField(name: "a.b", type: .bigint),
        ], timeColumn: 7, watermarkDelay: 0)

    func table(_ name: String) -> TableDescription? { name == "t" ? types : nil }

    var tableNames: [String] { ["t"] }
}

private func query(of statement: Statement) -> Query? {
    switch statement {
    case .query(let query): query
    case .insert(let insert): insert.query
    case .explain(let explained): explained.query
    case .createView(let view): view.query
    case .createMaterializedView(let view): view.query
    default: nil
    }
}

/// Any text is statements or an error with a place in the text; a query over `t` is a plan or such an error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do throws(SQLError) {
        for statement in try SQLParser.parse(text) {
            guard let query = query(of: statement) else { continue }
            let binder = Binder(catalog: Tables())
            guard case .plan(let plan) = try binder.bind(query, answers: []) else { continue }
            precondition(!"\(plan)".isEmpty)
            _ = try binder.fields(of: query)
            _ = try binder.bind(query)
        }
    } catch {
        let lines = text.utf8.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        guard let line = error.line, let column = error.column else { fatalError("no place: \(error)") }
        precondition(line >= 1 && line <= lines && column >= 1 && !error.rendered(text).isEmpty)
    }
    return 0
}
