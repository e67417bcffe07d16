import Columns
import EventLog
import Glibc
import Runtime
import SQL

@testable import Streams

/// A case about a materialised view: its tables are topics of a log in memory, which the view's job has read when what
/// stands behind the statement is asked (all of the view, where nothing does).
enum ViewCase {
    static func answer(to test: SQLTestFile.Case, batchRows: Int) -> [String] {
        do {
            let log = try EventLog.open(
                EventLogOptions(folder: "log"), storage: SimulatedStorage(seed: 1), clock: ManualClock(start: 0))
            defer { log.close() }
            let queries = QueryService(log: log)
            defer { queries.stop() }
            let jobs = try JobService(queries: queries, folder: "jobs", storage: SimulatedStorage(seed: 2))
            defer { jobs.stop() }
            for table in test.tables { try fill(log, table, test.flags.batchRows ?? batchRows) }
            return try answer(to: test, queries, jobs)
        } catch {
            return ["error \(error)"]
        }
    }

    private static func fill(_ log: EventLog, _ table: SQLTestTable, _ rows: Int) throws {
        guard case .batches(let batches) = table.definition.source else { return }
        let name = table.declaration.name
        try log.createTopic(name, schema: batches[0].schema)
        for batch in batches.flatMap({ Rows.split($0, rows) }) where batch.rowCount > 0 {
            log.append(batch, to: name, durability: .commit)
        }
        try log.flush()
    }

    private static func answer(
        to test: SQLTestFile.Case, _ queries: QueryService, _ jobs: JobService
    ) throws -> [String] {
        let end = test.query.firstRange(of: ";\n")
        let statement = end.map { String(test.query[..<$0.lowerBound]) } ?? test.query
        var create = QueryRequest(statement)
        create.allowsStatements = true
        if let error = ask(queries, create).error { return [SQLTestRunner.text(error)] }
        let name = jobs.all.first?.name ?? ""
        let words = Set(statement.split { " \n()".contains($0) }.map(String.init))
        let read = test.tables.filter { words.contains($0.declaration.name) }
        let wanted = read.reduce(0) { $0 + rowCount($1) }
        for _ in 0..<20_000 {
            guard let info = jobs.info(name) else { break }
            if let failure = info.failure { return ["error \(failure)"] }
            if info.progress.rowsIn >= Int64(wanted), info.progress.lagRows == 0, info.phase == "started" { break }
            usleep(1_000)
        }
        let rest = end.map { String(test.query[$0.upperBound...]) } ?? "SELECT * FROM \(name)"
        return SQLTestRunner.lines(ask(queries, QueryRequest(rest)), test.flags)
    }

    private static func rowCount(_ table: SQLTestTable) -> Int {
        guard case .batches(let batches) = table.definition.source else { return 0 }
        return batches.reduce(0) { $0 + $1.rowCount }
    }

    private static func ask(_ queries: QueryService, _ request: QueryRequest) -> CollectingSink.Answer {
        let sink = CollectingSink()
        queries.run(request, sink: sink)
        return sink.wait(timeoutMilliseconds: 20_000) ?? CollectingSink.Answer()
    }
}
