import Columns
import SQL

/// Flink's `datagen`: random or ascending values for whatever columns are declared. Always the same for the same seed.
struct DatagenGenerator: RowGenerator {
    private static let maximumTextLength = 4_096
    /// Event time of the first row where 'start-time' doesn't say: 2024-01-01 00:00:00, in milliseconds.
    private static let defaultStart = 1_704_067_200_000

    let schema: Schema
    let rowCount: Int
    private let columns: [DatagenColumn]

    init(table: String, values: [String: String], fields: [PlanField], maximumRows: Int) throws(SQLError) {
        guard !fields.isEmpty else {
            throw SQLError(
                code: .invalidQuery, message: "table \(table): connector 'datagen' needs the columns declared",
                suggestion: "write CREATE TABLE \(table) (id BIGINT, …) WITH ('connector' = 'datagen', …)")
        }
        let general = ["number-of-rows", "rows-per-second", "seed", "start-time"]
        let each = ["kind", "min", "max", "start", "end", "length", "var-len", "null-rate", "max-past"]
        let options = try ConnectorOptions(
            table: table, connector: "datagen", values: values,
            known: general + fields.flatMap { field in each.map { "fields.\(field.name).\($0)" } })
        var columns: [DatagenColumn] = []
        var rows = try options.integer("number-of-rows", 0...maximumRows)
        for (index, field) in fields.enumerated() {
            let reader = DatagenColumnOptions(options: options, field: field, index: index)
            columns.append(try reader.column(maximumTextLength: Self.maximumTextLength, start: Self.defaultStart))
            // A sequence that has an end ends the table.
            if let count = try reader.sequenceCount() { rows = min(rows ?? count, count) }
        }
        guard let rows else {
            throw SQLError(
                code: .invalidQuery, message: "table \(table): connector 'datagen' lacks the option 'number-of-rows'",
                suggestion: "write 'number-of-rows' = '1000', or give a sequence an end")
        }
        guard rows <= maximumRows else {
            throw SQLError(
                code: .limitExceeded, message: "table \(table) would have \(rows) rows; \(maximumRows) is the limit")
        }
        self.columns = columns
        schema = Schema(fields.map { Field($0.name, $0.type.fieldType) })
        rowCount = rows
    }

    func column(_ index: Int, rows: Range<Int>) -> Column { columns[index].make(rows) }
}

/// The options `fields.NAME.…` of one column.
private struct DatagenColumnOptions {
    let options: ConnectorOptions
    let field: PlanField
    let index: Int

    private func name(_ option: String) -> String { "fields.\(field.name).\(option)" }

    private var isSequence: Bool { options.text(name("kind")) == "sequence" }

    func sequenceCount() throws(SQLError) -> Int? {
        guard isSequence, let end = try options.integer(name("end"), Int.min / 4...Int.max / 4) else { return nil }
        let start = try options.integer(name("start"), Int.min / 4...Int.max / 4) ?? 0
        guard end >= start else { throw options.wrong(name("end"), "must not be less than the start") }
        return end - start + 1
    }

    func column(maximumTextLength: Int, start: Int) throws(SQLError) -> DatagenColumn {
        if let kind = options.text(name("kind")), kind != "random", kind != "sequence" {
            throw options.wrong(name("kind"), "must be random or sequence")
        }
        let nullRate = try options.number(name("null-rate")) ?? 0
        guard (0...1).contains(nullRate) else { throw options.wrong(name("null-rate"), "must be from 0 to 1") }
        let seed = UInt64(try options.integer("seed", 0...Int.max) ?? 42)
        return DatagenColumn(
            name: field.name, type: field.type.fieldType,
            kind: isSequence ? try sequence() : try random(maximumTextLength, start), nullRate: nullRate,
            random: RowRandom(seed: seed, field: 2 * index), other: RowRandom(seed: seed, field: 2 * index + 1))
    }

    private func sequence() throws(SQLError) -> DatagenColumn.Kind {
        switch field.type {
        case .tinyint, .smallint, .integer, .bigint, .float, .double, .decimal, .varchar:
            return .sequence(start: Int64(try options.integer(name("start"), Int.min / 4...Int.max / 4) ?? 0))
        default: throw unsupported("a sequence")
        }
    }

    private func random(_ maximumTextLength: Int, _ start: Int) throws(SQLError) -> DatagenColumn.Kind {
        switch field.type {
        case .boolean: return .booleans
        case .tinyint: return try integers(Int64(Int8.min)...Int64(Int8.max))
        case .smallint: return try integers(Int64(Int16.min)...Int64(Int16.max))
        case .integer: return try integers(Int64(Int32.min)...Int64(Int32.max))
        case .bigint: return try integers(Int64.min...Int64.max)
        case .date: return try integers(0...36_524)
        case .float, .double, .decimal:
            let low = try options.number(name("min")) ?? 0
            let high = try options.number(name("max")) ?? 1
            guard low <= high else { throw options.wrong(name("max"), "must not be less than the minimum") }
            return .numbers(from: low, to: high)
        case .varchar, .varbinary:
            let length = try options.integer(name("length"), 1...maximumTextLength) ?? 100
            return .text(length: length, varies: options.text(name("var-len")) == "true")
        case .timestamp:
            let base = try options.integer("start-time", 0...253_402_300_799_999) ?? start
            let past = try options.integer(name("max-past"), 0...1_000_000_000_000) ?? 0
            return .times(
                base: Int64(base) * 1_000,
                rowsPerSecond: try options.integer("rows-per-second", 1...1_000_000_000) ?? 10_000, maximumPast: past)
        default: throw unsupported("a random value")
        }
    }

    private func integers(_ all: ClosedRange<Int64>) throws(SQLError) -> DatagenColumn.Kind {
        let allowed = Int(all.lowerBound)...Int(all.upperBound)
        let low = Int64(try options.integer(name("min"), allowed) ?? allowed.lowerBound)
        let high = Int64(try options.integer(name("max"), allowed) ?? allowed.upperBound)
        guard low <= high else { throw options.wrong(name("max"), "must not be less than the minimum") }
        return .integers(from: low, span: UInt64(bitPattern: high &- low))
    }

    private func unsupported(_ what: String) -> SQLError {
        SQLError(
            code: .unsupported,
            message: "table \(options.table): 'datagen' can't make \(what) of type \(field.type.name) "
                + "for column \(field.name)")
    }
}
