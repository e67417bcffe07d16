import Columns
import SQL
import Streams

/// Runs the cases of a test file and writes down what they give.
struct SQLTestRunner {
    let service: QueryService
    /// Tables come in batches of this many rows.
    var batchRows = 1_024

    /// What `----` should be followed by: rows, or the error.
    func answer(to test: SQLTestFile.Case) -> [String] {
        if test.flags.isView { return ViewCase.answer(to: test, batchRows: batchRows) }
        var request = QueryRequest(test.query)
        let rows = test.flags.batchRows ?? batchRows
        for table in test.tables { request.tables[table.declaration.name] = split(table.definition, rows) }
        let sink = CollectingSink()
        service.run(request, sink: sink)
        guard let answer = sink.wait(timeoutMilliseconds: 60_000) else { return ["error the query did not end"] }
        return Self.lines(answer, test.flags)
    }

    static func lines(_ answer: CollectingSink.Answer, _ flags: SQLTestFile.Flags) -> [String] {
        if let error = answer.error { return [Self.text(error)] }
        do {
            var rows = try answer.batches.flatMap { try Self.rows($0, answer.fields) }
            if flags.isSorted { rows.sort() }
            if flags.hasHeader {
                rows.insert(answer.fields.map { "\($0.name) \($0.type.name)" }.joined(separator: " | "), at: 0)
            }
            return rows
        } catch {
            return ["error while writing: \(error)"]
        }
    }

    private func split(_ table: TableDefinition, _ rows: Int) -> TableDefinition {
        guard case .batches(let batches) = table.source else { return table }
        var split = table
        split.source = .batches(batches.flatMap { Rows.split($0, rows) })
        return split
    }

    /// Whether an answer is what was expected. An expected error needs to tell only the beginning: the place, and a
    /// part of the message.
    static func matches(_ answer: [String], _ test: SQLTestFile.Case) -> Bool {
        guard let expected = test.expected.first, expected.hasPrefix("error") else { return answer == test.expected }
        guard answer.count == 1, test.expected.count == 1, answer[0].hasPrefix("error") else { return false }
        let parts = expected.split(separator: " ", maxSplits: 2)
        guard parts.count > 1 else { return true }
        let place = parts[1].contains(":") ? String(parts[1]) : nil
        if let place, !answer[0].hasPrefix("error \(place) ") { return false }
        let message = place == nil ? parts[1...].joined(separator: " ") : parts.count > 2 ? String(parts[2]) : ""
        return message.isEmpty || answer[0].contains(message)
    }

    static func text(_ error: SQLError) -> String {
        let place = error.line.map { "\($0):\(error.column ?? 0) " } ?? ""
        return "error \(place)\(error.message)"
    }

    private static func rows(_ batch: Batch, _ fields: [PlanField]) throws -> [String] {
        var columns: [Column] = []
        for (index, field) in fields.enumerated() {
            let column = BoundExpression.column(index: index, type: field.type)
            let text = field.type == .varchar ? column : .cast(column, to: .varchar, isTry: false)
            columns.append(try CompiledExpression(text).evaluate(batch, context: EvaluationContext(now: 0)))
        }
        return (0..<batch.rowCount).map { row in
            columns.map { SQLTestCell.write(text(of: $0, row: row)) }.joined(separator: " | ")
        }
    }

    private static func text(of column: Column, row: Int) -> String? {
        guard !column.isNull(row) else { return nil }
        switch column.storage {
        case .byteStrings(let strings): return strings.string(row)
        case .dictionary(let codes, let values): return values.string(Int(codes[row]))
        default: return "?"
        }
    }
}
