import Columns
import SQL
import Testing

@testable import Streams

/// Runs a live query over batches of one table, stopping anywhere: what was kept goes into bytes and out of them into
/// the stages of a new plan, as after a crash.
struct InterruptedRun {
    let text: String
    let batches: [Batch]
    /// The watermark after each batch.
    let watermarks: [Int64]

    /// All answers, with a stop after each batch whose index is in `stops`.
    func answers(stops: Set<Int>) throws -> [String] {
        var query = try plan(text)
        var answers: [String] = []
        for (index, batch) in batches.enumerated() {
            for scan in query.scans {
                try scan.input.stage.accept(batch.project(scan.columns), port: scan.input.port)
                try scan.input.stage.advance(watermark: watermarks[index], port: scan.input.port)
            }
            answers += Rows.text(query.output.drain())
            if stops.contains(index) { query = try Self.restored(query, as: text, plan).query }
        }
        for scan in query.scans { try scan.input.stage.close(port: scan.input.port) }
        return answers + Rows.text(query.output.drain())
    }

    /// All answers, with a record of what changed after each batch, and a stop after each batch whose index is in
    /// `stops`, after which it goes on from the records.
    func answersFromRecords(stops: Set<Int>) throws -> [String] {
        var query = try plan(text)
        var answers: [String] = []
        var records: [Checkpoint] = []
        for (index, batch) in batches.enumerated() {
            for scan in query.scans {
                try scan.input.stage.accept(batch.project(scan.columns), port: scan.input.port)
                try scan.input.stage.advance(watermark: watermarks[index], port: scan.input.port)
            }
            answers += Rows.text(query.output.drain())
            let sequence = Int64(index + 1)
            let record = Checkpoint(
                sequence: sequence, epoch: sequence, inputs: [],
                states: try query.savedStates(sequence, isWhole: index % 7 == 3), outputs: [],
                counts: [:])
            records.append(try Checkpoint(decoding: record.encoded().span))
            records.removeAll { $0.sequence < record.since }
            guard stops.contains(index) else { continue }
            let joined = records.dropFirst().reduce(records[0]) { $1.following($0) }
            query = try plan(text)
            _ = try query.restore(joined.states)
        }
        for scan in query.scans { try scan.input.stage.close(port: scan.input.port) }
        return answers + Rows.text(query.output.drain())
    }

    /// The stages of `text`, with what `query` keeps, and what begins anew.
    static func restored(
        _ query: PhysicalQuery, as text: String, _ plan: (String) throws -> PhysicalQuery
    ) throws -> (query: PhysicalQuery, fresh: [String]) {
        var bytes: [UInt8] = []
        StateCodec.encode(try query.savedStates(nil), to: &bytes)
        var index = 0
        let states = try StateCodec.decodeStates(bytes.span, at: &index)
        #expect(index == bytes.count)
        let next = try plan(text)
        return (next, try next.restore(states))
    }

    func plan(_ text: String) throws -> PhysicalQuery { try plan(text, isLive: true) }

    func plan(_ text: String, isLive: Bool) throws -> PhysicalQuery {
        var runner = PlanRunner(isLive: isLive)
        if isLive { runner.emission = try emission(text) }
        return try runner.plan(try bound(text))
    }

    private func emission(_ text: String) throws -> Emission {
        guard case .query(let query)? = try SQLParser.parse(text).first else { return Emission() }
        let none = TableDescription(name: "t", fields: [], timeColumn: nil, watermarkDelay: 0)
        return try Binder(catalog: OneTable(description: none)).emission(of: query)
    }

    func bound(_ text: String) throws -> LogicalPlan {
        let fields = batches[0].schema.fields.map { PlanField(name: $0.name, type: SQLType(carriedBy: $0.type)) }
        let time = batches[0].schema.fields.firstIndex { $0.type == .timestamp }
        let table = TableDescription(name: "t", fields: fields, timeColumn: time, watermarkDelay: 0)
        guard case .query(let query)? = try SQLParser.parse(text).first else {
            throw SQLError(code: .invalidQuery, message: "no query")
        }
        return try Binder(catalog: OneTable(description: table)).bind(query)
    }

    private struct OneTable: Catalog {
        let description: TableDescription
        func table(_ name: String) -> TableDescription? { name == description.name ? description : nil }
        var tableNames: [String] { [description.name] }
    }
}
