// modules: SQL
import Columns
import SQL

/// The first line is what a client sent, the others are conditions and values of rules over it: an error with a place, or a
/// program that gives, for rows with and without values, just what the kernels of queries give for a batch of that row.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let sent = Array(input.prefix { $0 != 0x0A })
    for line in input.dropFirst(sent.count + 1).split(separator: 0x0A).prefix(4) {
        let text = String(decoding: line, as: UTF8.self)
        check(text, sent)
    }
    return 0
}

private let fields = [
    PlanField(name: "path", type: .varchar), PlanField(name: "agent", type: .varchar),
    PlanField(name: "status", type: .bigint), PlanField(name: "bytes", type: .bigint),
    PlanField(name: "ip", type: .ip), PlanField(name: "ok", type: .boolean), PlanField(name: "at", type: .timestamp),
]

private let keyed = [RowBinder.Keyed(function: "HEADER", name: "request.headers", ignoresCase: true)]

private func check(_ text: String, _ sent: [UInt8]) {
    do throws(SQLError) {
        var binder = RowBinder(fields: fields, keyed: keyed)
        let condition = try binder.condition(text)
        compare(text, condition, binder, sent)
    } catch {
        place(error, text)
    }
    do throws(SQLError) {
        var binder = RowBinder(fields: fields, keyed: keyed)
        let value = try binder.value(text, as: .varchar)
        compare(text, value, binder, sent)
    } catch {
        place(error, text)
    }
}

private func place(_ error: SQLError, _ text: String) {
    let lines = text.utf8.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    guard let line = error.line, let column = error.column else { fatalError("no place: \(error)") }
    precondition(line >= 1 && line <= lines && column >= 1 && !error.rendered(text).isEmpty)
}

private func compare(_ text: String, _ expression: BoundExpression, _ binder: RowBinder, _ sent: [UInt8]) {
    // What asks a table has no kernel.
    guard binder.tables.isEmpty, expression.isRepeatable else { return }
    let isCondition = expression.type == .boolean
    let program = Result { () throws(SQLError) in
        try isCondition ? RowProgram(conditions: [expression], binder) : RowProgram(value: expression, binder)
    }
    let kernels = Result { () throws(SQLError) in try CompiledExpression(expression) }
    guard case .success(let program) = program, case .success(let kernels) = kernels else { return }
    let context = EvaluationContext(now: 1_700_000_000_000_000, maximumTextBytes: 1 << 16)
    for row in Row.all(sent) {
        var values = RowValues(matchLimit: 10_000)
        values.now = context.now
        values.begin(slots: program.slotCount)
        row.fill(&values, binder)
        let batch = row.batch(binder)
        let wanted = Result { () throws(SQLError) in try kernels.evaluate(batch, context: context) }
        var found: [UInt8]?
        do throws(SQLError) {
            if isCondition {
                found = try program.test(0, &values).map { $0 ? [1] : [0] }
            } else {
                var out: [UInt8] = []
                if try program.text(&values, into: &out) { found = out }
            }
        } catch {
            // A pattern may be too costly within the one's limit alone.
            continue
        }
        guard case .success(let column) = wanted else { continue }
        let expected =
            isCondition
            ? column.bools.flatMap { column.isNull(0) ? nil : [$0[0] ? 1 : 0] } : column.bytes(0).map(Array.init)
        precondition(found == expected, "\(text): \(found.debugDescription), kernels \(expected.debugDescription)")
    }
}

private struct Row {
    var path: [UInt8]?
    var agent: [UInt8]?
    var status: Int64?
    var bytes: Int64?
    var ip: IPAddress?
    var ok: Bool?
    var at: Int64?

    static func all(_ sent: [UInt8]) -> [Row] {
        [
            Row(
                path: sent, agent: sent.reversed(), status: 200, bytes: .max, ip: IPAddress("10.0.0.1"), ok: true, at: 0
            ),
            Row(path: Array("/é/%41?b=1".utf8), agent: sent, status: -7, bytes: .min, ip: nil, ok: false, at: -1),
            Row(
                path: [], agent: nil, status: 0, bytes: nil, ip: IPAddress("2001:db8::1"), ok: nil,
                at: 1_709_210_096_789_123),
            Row(),
        ]
    }

    /// What a text column holds; of keyed fields there are two.
    private func text(_ column: Int) -> [UInt8]? {
        switch column {
        case 0: path
        case 1, fields.count: agent
        case fields.count + 1: path
        default: nil
        }
    }

    private func number(_ column: Int) -> Int64? { column == 2 ? status : column == 3 ? bytes : at }

    func fill(_ values: inout RowValues, _ binder: RowBinder) {
        values.first = (path ?? []) + (agent ?? [])
        for column in 0..<fields.count + binder.lookups.count {
            switch binder.type(ofColumn: column) {
            case .varchar:
                guard let text = text(column) else {
                    values.setNull(column)
                    continue
                }
                if column == 0 {
                    values.set(column, .first, 0..<text.count)
                } else {
                    values.make(column) { $0 += text }
                }
            case .ip: if let ip { values.set(column, ip) } else { values.setNull(column) }
            case .boolean: if let ok { values.set(column, ok) } else { values.setNull(column) }
            default: if let number = number(column) { values.set(column, number) } else { values.setNull(column) }
            }
        }
    }

    func batch(_ binder: RowBinder) -> Batch {
        var columns: [Column] = []
        var schema: [Field] = []
        for column in 0..<fields.count + binder.lookups.count {
            let type = binder.type(ofColumn: column).fieldType
            var builder = ColumnBuilder(type: type, capacity: 1)
            switch type {
            case .string: if let text = text(column) { builder.append(bytes: text) } else { builder.appendNull() }
            case .ip: if let ip { builder.append(ip: ip) } else { builder.appendNull() }
            case .bool: if let ok { builder.append(bool: ok) } else { builder.appendNull() }
            default: if let number = number(column) { builder.append(int64: number) } else { builder.appendNull() }
            }
            columns.append(builder.finish())
            schema.append(Field(binder.name(ofColumn: column), type))
        }
        return Batch(schema: Schema(schema), rowCount: 1, columns: columns)
    }
}
