import Bytes
import Columns
import SQL

@testable import Streams

/// Small tables and answers as text, for tests that read well.
enum Rows {
    /// Builds a batch from rows of literals; `nil` is NULL.
    static func batch(_ fields: [(String, FieldType)], _ rows: [[Any?]]) -> Batch {
        var builder = BatchBuilder(schema: Schema(fields.map { Field($0.0, $0.1) }), capacity: rows.count)
        for row in rows {
            for (index, value) in row.enumerated() {
                switch value {
                case let value as Int128: builder[index].append(decimal: value)
                case let value as Int: builder[index].append(int64: Int64(value))
                case let value as Double: builder[index].append(float64: value)
                case let value as Bool: builder[index].append(bool: value)
                case let value as String: builder[index].append(bytes: Array(value.utf8))
                case let value as IPAddress: builder[index].append(ip: value)
                default: builder[index].appendNull()
                }
            }
            builder.endRow()
        }
        return builder.finish()
    }

    /// Each row's values, separated by `|`.
    static func text(_ batches: [Batch]) -> [String] {
        var lines: [String] = []
        for batch in batches {
            for row in 0..<batch.rowCount {
                lines.append(batch.columns.map { text($0, row) }.joined(separator: "|"))
            }
        }
        return lines
    }

    static func text(_ column: Column, _ row: Int) -> String {
        if column.isNull(row) { return "NULL" }
        switch column.storage {
        case .bool(let bits): return bits[row] ? "true" : "false"
        case .int64(let values): return "\(values[row])"
        case .float64(let values): return "\(values[row])"
        case .ip(let values): return "\(values[row].high):\(values[row].low)"
        case .decimal(let values):
            var text: [UInt8] = []
            NumberWriter.append(decimal: values[row], scale: column.type.decimalScale ?? 0, to: &text)
            return String(decoding: text, as: UTF8.self)
        case .byteStrings, .dictionary: return column.string(row) ?? "NULL"
        }
    }

    /// The batch cut into batches of `size` rows.
    static func split(_ batch: Batch, _ size: Int) -> [Batch] {
        stride(from: 0, to: batch.rowCount, by: size).map { start in
            batch.slice(start..<min(start + size, batch.rowCount))
        }
    }
}

/// Runs plans made by hand.
struct PlanRunner {
    var isLive = false
    var memoryBytes = 64 << 20
    var emission = Emission()

    /// A table of the batch's columns, for scans.
    static func scan(_ batch: Batch, timeColumn: Int? = nil) -> LogicalPlan {
        let fields = batch.schema.fields.map { PlanField(name: $0.name, type: SQLType(carriedBy: $0.type)) }
        let table = TableDescription(name: "t", fields: fields, timeColumn: timeColumn, watermarkDelay: 0)
        return .scan(table: table, columns: Array(fields.indices), predicate: nil)
    }

    func plan(_ plan: LogicalPlan) throws -> PhysicalQuery {
        var planner = PhysicalPlanner(
            isLive: isLive, context: EvaluationContext(now: 0), account: MemoryAccount(limitBytes: memoryBytes))
        planner.emission = emission
        return try planner.plan(plan)
    }

    /// Pushes the batches through the plan's one scan.
    func run(_ plan: LogicalPlan, _ batches: [Batch]) throws -> [String] {
        let query = try self.plan(plan)
        for scan in query.scans {
            for batch in batches { try scan.input.stage.accept(batch, port: scan.input.port) }
            try scan.input.stage.close(port: scan.input.port)
        }
        return Rows.text(query.output.drain())
    }
}
