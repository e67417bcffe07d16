// modules: SQL
import Columns

@testable import SQL

/// Any text is statements or an error with a place in the text; a query over `t` is a plan or such an error. What a plan
/// computes over rows of `t` alone is computed: for all rows at once, for rows one by one and for texts behind codes, which
/// gives the same, and values that their types have.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do throws(SQLError) {
        var views: [ViewDeclaration] = []
        var functions: [FunctionDeclaration] = []
        for statement in try SQLParser.parse(text) {
            if case .createView(let view) = statement { views.append(view) }
            if case .createFunction(let function) = statement { functions.append(function) }
            guard let query = query(of: statement) else { continue }
            let binder = Binder(catalog: Tables(), views: views, functions: functions)
            if case .plan(let plan) = try binder.bind(query, answers: []) {
                precondition(!"\(plan)".isEmpty)
                _ = Computing.rows(of: plan)
            }
            _ = try binder.fields(of: query)
            _ = try binder.emission(of: query)
            _ = try binder.bind(query)
        }
    } catch {
        let lines = text.utf8.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        guard let line = error.line, let column = error.column else { fatalError("no place: \(error)") }
        precondition(line >= 1 && line <= lines && column >= 1 && !error.rendered(text).isEmpty)
    }
    return 0
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

/// A table with a column of every type.
private struct Tables: Catalog {
    static let row = SQLType.row([PlanField(name: "p", type: .bigint), PlanField(name: "q", type: .varchar)])
    static let fields = [
        PlanField(name: "b", type: .boolean), PlanField(name: "i", type: .integer),
        PlanField(name: "l", type: .bigint), PlanField(name: "d", type: .double), PlanField(name: "s", type: .varchar),
        PlanField(name: "x", type: .varbinary), PlanField(name: "day", type: .date),
        PlanField(name: "ts", type: .timestamp), PlanField(name: "ip", type: .ip), PlanField(name: "j", type: .json),
        PlanField(name: "a.b", type: .bigint), PlanField(name: "tiny", type: .tinyint),
        PlanField(name: "small", type: .smallint), PlanField(name: "f", type: .float),
        PlanField(name: "m", type: .decimal(precision: 10, scale: 2)),
        PlanField(name: "n", type: .decimal(precision: 38, scale: 19)), PlanField(name: "at", type: .time),
        PlanField(name: "ds", type: .intervalDaySecond), PlanField(name: "ym", type: .intervalYearMonth),
        PlanField(name: "list", type: .array(.bigint)),
        PlanField(name: "map", type: .map(key: .varchar, value: .double)),
        PlanField(name: "r", type: row), PlanField(name: "z", type: .varchar),
    ]
    private let types = TableDescription(name: "t", fields: Self.fields, timeColumn: 7, watermarkDelay: 0)

    func table(_ name: String) -> TableDescription? { name == "t" ? types : nil }

    var tableNames: [String] { ["t"] }
}

/// Rows of `t`, in the two forms that a column of texts can have.
private enum Rows {
    static let count = 6
    static let plain = Tables.fields.indices.map { column($0, isCoded: false) }
    static let coded = Tables.fields.indices.map { column($0, isCoded: true) }

    private static func texts(_ list: String...) -> [Value] { list.map { .bytes(Array($0.utf8)) } }

    private static func numbers(_ list: Int64...) -> [Value] { list.map { .int64($0) } }

    /// By column; row 0 is NULL everywhere, and rows behind the end of a list are too.
    private static let values: [[Value]] = [
        [.bool(true), .bool(false)], numbers(0, -1, .init(Int32.max), .init(Int32.min), 7),
        numbers(0, -1, .max, .min, 3),
        [.float64(0), .float64(-1.5), .float64(1e300), .float64(.infinity), .float64(.nan)],
        texts("", "a,b=c&d", "2024-02-29 12:34:56", "10%_x é日本", "12.5"),
        [.bytes([]), .bytes([0xFF, 0, 0x80]), .bytes(Array("7a".utf8))], numbers(0, -1, 19_782, -719_162, 2_932_896),
        numbers(0, -1, 1_709_210_096_789_123, -62_135_596_800_000_000, 253_402_300_799_999_999),
        ["10.1.2.3", "::1", "2001:db8::ff", "255.255.255.255"].compactMap { IPAddress($0).map { .ip($0) } },
        texts(
            "{\"a\": [1, {\"b\": null}], \"é\": \"x\"}", "[true, 2.5e300, \"\\ud83d\\ude00\"]", "null", "\"q\"", "-0"),
        numbers(5, .max, .min), numbers(127, -128, 0), numbers(32_767, -32_768), [.float64(0.1), .float64(-3e38)],
        [.decimal(9_999_999_999), .decimal(-1), .decimal(250)],
        [.decimal(99_999_999_999_999_999_999_999_999_999_999_999_999), .decimal(-1), .decimal(0)],
        numbers(0, 86_399_999_999, 45_296_000_001), numbers(0, -1, 86_400_000_000, .max, .min),
        numbers(0, -1, 13, .init(Int32.max), .init(Int32.min)), texts("[1, null, -3]", "[]", "[9223372036854775807]"),
        texts("{\"k\": 1.5, \"é\": null}", "{}"), texts("{\"p\": 1, \"q\": \"x\"}", "{\"p\": null, \"q\": null}"),
        texts("^(a|b)+$", "%Y-%m-%d", "$.a[0]", "UTC", "Europe/Rome"),
    ]

    private static func column(_ index: Int, isCoded: Bool) -> Column {
        let type = Tables.fields[index].type.fieldType
        let given = [.null] + values[index]
        let values = (0..<count).map { $0 < given.count ? given[$0] : .null }
        guard type.isByteStrings else {
            var builder = ColumnBuilder(type: type, capacity: count)
            for value in values {
                switch value {
                case .null, .bytes: builder.appendNull()
                case .bool(let value): builder.append(bool: value)
                case .int64(let value): builder.append(int64: value)
                case .float64(let value): builder.append(float64: value)
                case .decimal(let value): builder.append(decimal: value)
                case .ip(let value): builder.append(ip: value)
                }
            }
            return builder.finish()
        }
        var entries = ByteStrings()
        // An entry that no row has, and that nothing can read.
        if isCoded { entries.append(Array("{unused".utf8)) }
        for value in values {
            if case .bytes(let bytes) = value { entries.append(bytes) } else { entries.append([]) }
        }
        let valid = Bitmap(count: count) { values[$0] != .null }
        guard isCoded else { return Column(type: type, count: count, validity: valid, storage: .byteStrings(entries)) }
        let codes = (0..<count).map { UInt32($0 + 1) }
        return Column(type: type, count: count, validity: valid, storage: .dictionary(codes: codes, values: entries))
    }
}

/// The rows of a plan, as far as rows of `t` are enough for it.
private enum Computing {
    struct Pair {
        var plain: Batch
        var coded: Batch
    }

    private static let context = EvaluationContext(now: 1_700_000_000_123_456, maximumTextBytes: 1 << 16)

    static func rows(of plan: LogicalPlan) -> Pair? {
        switch plan {
        case .scan(_, let columns, let predicate):
            let fields = columns.map { Tables.fields[$0] }
            let pair = Pair(
                plain: batch(fields, Rows.count, columns.map { Rows.plain[$0] }),
                coded: batch(fields, Rows.count, columns.map { Rows.coded[$0] }))
            if let predicate { _ = filtered(pair, predicate) }
            return pair
        case .values(let rows, _):
            let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
            for row in rows.prefix(16) { for value in row { _ = column(value, Pair(plain: one, coded: one)) } }
            return nil
        case .filter(let input, let predicate): return rows(of: input).flatMap { filtered($0, predicate) }
        case .project(let input, let expressions, let fields):
            guard let pair = rows(of: input) else { return nil }
            var columns: [(plain: Column, coded: Column)] = []
            for expression in expressions {
                guard let both = column(expression, pair) else { return nil }
                columns.append(both)
            }
            return Pair(
                plain: batch(fields, pair.plain.rowCount, columns.map(\.plain)),
                coded: batch(fields, pair.coded.rowCount, columns.map(\.coded)))
        case .aggregate(let input, let keys, let aggregates, _):
            guard let pair = rows(of: input) else { return nil }
            for key in keys { _ = column(key, pair) }
            for call in aggregates {
                for part in [call.argument, call.filter].compactMap({ $0 }) { _ = column(part, pair) }
            }
            return nil
        case .sort(let input, let keys):
            guard let pair = rows(of: input) else { return nil }
            for key in keys { _ = column(key.expression, pair) }
            return pair
        case .limit(let input, _, _), .distinct(let input): return rows(of: input)
        case .window(let input, _), .expand(let input, _, _), .unnest(let input, _), .sample(let input, _),
            .match(let input, _, _), .over(let input, _):
            _ = rows(of: input)
            return nil
        case .join(let left, let right, _):
            _ = rows(of: left)
            _ = rows(of: right)
            return nil
        case .union(let inputs):
            for input in inputs.prefix(8) { _ = rows(of: input) }
            return nil
        }
    }

    private static func batch(_ fields: [PlanField], _ count: Int, _ columns: [Column]) -> Batch {
        Batch(schema: Schema(fields.map { Field($0.name, $0.type.fieldType) }), rowCount: count, columns: columns)
    }

    private static func filtered(_ pair: Pair, _ predicate: BoundExpression) -> Pair? {
        guard column(predicate, pair) != nil, let condition = try? CompiledExpression(predicate),
            let rows = try? condition.select(pair.plain, context: context)
        else { return nil }
        guard predicate.isRepeatable else { return pair }
        let found = try? condition.select(pair.coded, context: context)
        precondition(found == rows, "rows depend on how texts lie: \(predicate)")
        return Pair(plain: pair.plain.select(rows: rows), coded: pair.coded.select(rows: rows))
    }

    /// Nil where it can't be computed.
    private static func column(_ expression: BoundExpression, _ pair: Pair) -> (plain: Column, coded: Column)? {
        do throws(SQLError) {
            let compiled = try CompiledExpression(expression)
            let plain = try compiled.evaluate(pair.plain, context: context)
            precondition(plain.type == expression.type.fieldType && plain.count == pair.plain.rowCount)
            let values = (0..<plain.count).map { Value(plain, row: $0) }
            for value in values { precondition(isOf(expression.type, value), "\(value) of \(expression)") }
            guard expression.isRepeatable else { return (plain, plain) }
            guard let coded = try? compiled.evaluate(pair.coded, context: context) else {
                fatalError("texts behind codes can't be computed: \(expression)")
            }
            for row in 0..<plain.count {
                precondition(same(values[row], Value(coded, row: row)), "codes: \(expression), row \(row)")
                guard let alone = try? compiled.evaluate(pair.plain, rows: [UInt32(row)], context: context) else {
                    fatalError("a row alone can't be computed: \(expression), row \(row)")
                }
                precondition(same(values[row], Value(alone, row: 0)), "alone: \(expression), row \(row)")
            }
            return (plain, coded)
        } catch {
            precondition(!error.message.isEmpty)
            return nil
        }
    }

    private static func isOf(_ type: SQLType, _ value: Value) -> Bool {
        switch (type, value) {
        case (_, .null): true
        case (.tinyint, .int64(let number)): Int8(exactly: number) != nil
        case (.smallint, .int64(let number)): Int16(exactly: number) != nil
        case (.integer, .int64(let number)): Int32(exactly: number) != nil
        case (.time, .int64(let number)): (0..<86_400_000_000).contains(number)
        case (.decimal(let precision, _), .decimal(let number)):
            number.magnitude < (0..<precision).reduce(UInt128(1)) { power, _ in power * 10 }
        default: true
        }
    }

    private static func same(_ left: Value, _ right: Value) -> Bool {
        if case .float64(let one) = left, case .float64(let other) = right {
            return one.bitPattern == other.bitPattern || one.isNaN && other.isNaN
        }
        return left == right
    }
}
