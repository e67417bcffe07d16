// modules: Streams
import Bytes
import Columns
import Runtime
import SQL

@testable import Streams

/// Any text that is a query runs over small tables of awkward values: it ends, with an answer or an error with words, and
/// the answer does not depend on how the rows were cut into batches.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let whole = run(text, Tables.whole)
    guard let whole, whole.error == nil, isRepeatable(text) else { return 0 }
    guard let cut = run(text, Tables.cut), cut.error == nil else { return 0 }
    let (one, other) = (lines(whole), lines(cut))
    precondition(one == other, "batches matter: \(one) and \(other)")
    return 0
}

private func isRepeatable(_ text: String) -> Bool {
    let upper = text.uppercased()
    return !["RAND", "UUID", "SAMPLE", "PROCTIME", "WATERMARK", "LIMIT", "OFFSET", "FETCH", "EMIT"].contains {
        upper.contains($0)
    }
}

/// - Returns: nil where it is still under way after many steps.
private func run(_ text: String, _ tables: [String: TableDefinition]) -> CollectingSink.Answer? {
    var limits = QueryLimits()
    limits.generatedRows = 500
    limits.sql.maximumPlanNodes = 100
    let clock = ManualClock(start: 1_700_000_000_000_000)
    let service = QueryService(
        log: nil, clock: clock, limits: limits, tables: tables, http: nil, system: SystemClock(), threads: 0,
        spillStorage: SimulatedStorage(seed: 1))
    var request = QueryRequest(text)
    request.memoryBytes = 8 << 20
    request.timeLimitMilliseconds = 1_000
    request.maximumRows = 2_000
    let sink = CollectingSink()
    service.run(request, sink: sink)
    var turns = 0
    while sink.wait(timeoutMilliseconds: 0) == nil, turns < 10_000, service.pool.turn(isTick: true) { turns += 1 }
    let answer = sink.wait(timeoutMilliseconds: 0)
    service.stop()
    if let error = answer?.error { precondition(!error.message.isEmpty && !error.rendered(text).isEmpty) }
    return answer
}

private func lines(_ answer: CollectingSink.Answer) -> [String] {
    answer.batches.flatMap { batch in
        (0..<batch.rowCount).map { row in batch.columns.map { line($0, row) }.joined(separator: "|") }
    }.sorted()
}

private func line(_ column: Column, _ row: Int) -> String {
    if column.isNull(row) { return "NULL" }
    switch column.storage {
    case .bool(let bits): return "\(bits[row])"
    case .int64(let values): return "\(values[row])"
    case .float64(let values): return "\(values[row])"
    case .ip(let values): return "\(values[row])"
    case .decimal(let values): return "\(values[row])"
    case .byteStrings, .dictionary: return "\(column.bytes(row).map { Array($0) } ?? [])"
    }
}

private enum Tables {
    static let whole = definitions(rows: 100)
    static let cut = definitions(rows: 1)

    private static let fields: [PlanField] = [
        PlanField(name: "ts", type: .timestamp), PlanField(name: "i", type: .integer),
        PlanField(name: "l", type: .bigint), PlanField(name: "d", type: .double), PlanField(name: "s", type: .varchar),
        PlanField(name: "b", type: .boolean), PlanField(name: "ip", type: .ip), PlanField(name: "j", type: .json),
        PlanField(name: "m", type: .decimal(precision: 38, scale: 4)), PlanField(name: "day", type: .date),
        PlanField(name: "x", type: .varbinary), PlanField(name: "ds", type: .intervalDaySecond),
    ]

    private static let base: Int64 = 1_700_000_000_000_000

    /// `t` has times near each other, `u` those at the ends of what there is.
    private static func definitions(rows: Int) -> [String: TableDefinition] {
        let near = [0, 1, 1_000_000, 999_999, 5_000_000, 4_000_000, 60_000_000, 3_600_000_000].map { base + $0 }
        let far: [Int64] = [.min, -62_135_596_800_000_000, -1, 0, 253_402_300_799_999_999, .max - 1, .max]
        return ["t": definition(near, rows), "u": definition(far, rows), "empty": definition([], rows)]
    }

    private static func definition(_ times: [Int64], _ rows: Int) -> TableDefinition {
        let whole = batch(times)
        let cuts = stride(from: 0, to: whole.rowCount, by: rows).map {
            whole.slice($0..<min($0 + rows, whole.rowCount))
        }
        var definition = TableDefinition(.batches(cuts))
        definition.fields = fields
        definition.timeColumn = "ts"
        definition.watermarkDelay = 1_000_000
        return definition
    }

    private static func batch(_ times: [Int64]) -> Batch {
        let numbers: [Int64] = [0, 1, -1, 7, .max, .min, 100]
        let texts = ["a", "", "b,c=d", "a", "{\"k\":[1,null,\"x\"]}", "[3,1]", "2024-02-29", "ö"]
        var builder = BatchBuilder(schema: Schema(fields.map { Field($0.name, $0.type.fieldType) }), capacity: 8)
        for (row, time) in times.enumerated() {
            for (column, field) in fields.enumerated() {
                let pick = row &* 3 &+ column
                // The time is always there; every other column has gaps of its own.
                if column > 0, pick % 5 == 4 {
                    builder[column].appendNull()
                    continue
                }
                switch field.type {
                case .timestamp: builder[column].append(int64: time)
                case .integer, .date: builder[column].append(int64: [0, 1, -1, 19_000, 2_147_483_647][pick % 5])
                case .bigint, .intervalDaySecond: builder[column].append(int64: numbers[pick % 7])
                case .double: builder[column].append(float64: [0, -1.5, 1e308, .infinity, .nan, 2][pick % 6])
                case .boolean: builder[column].append(bool: pick % 2 == 0)
                case .ip: builder[column].append(ip: IPAddress(high: UInt64(pick % 2), low: 0xFFFF_0A00_0001))
                case .decimal: builder[column].append(decimal: [1, -25_000, 0, 99_999_999_999_999_999][pick % 4])
                case .json: builder[column].append(string: ["{\"a\":[1,2]}", "[]", "null", "\"q\""][pick % 4])
                default: builder[column].append(string: texts[pick % 8])
                }
            }
            builder.endRow()
        }
        return builder.finish()
    }
}
