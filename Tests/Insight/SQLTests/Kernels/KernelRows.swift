import Columns
import Testing

@testable import SQL

/// A table with a column of each kind, and SQL expressions evaluated over it in every shape a column can have.
struct KernelRows {
    static let fields = [
        PlanField(name: "i", type: .integer), PlanField(name: "l", type: .bigint), PlanField(name: "d", type: .double),
        PlanField(name: "s", type: .varchar), PlanField(name: "t", type: .varchar),
        PlanField(name: "b", type: .boolean), PlanField(name: "c", type: .boolean),
        PlanField(name: "ts", type: .timestamp), PlanField(name: "day", type: .date),
        PlanField(name: "ip", type: .ip), PlanField(name: "j", type: .json), PlanField(name: "k", type: .integer),
    ]

    static let context = EvaluationContext(now: 1_700_000_000_000_000)

    let rows: [[Value]]
    /// Text lies end to end.
    let plain: Batch
    /// Text lies behind codes, with an entry that no row has.
    let coded: Batch

    /// Rows drawn from awkward values, about a fifth of them null.
    init(count: Int, seed: UInt64) {
        var random = Xorshift(state: seed)
        var rows: [[Value]] = []
        for _ in 0..<count {
            rows.append(
                KernelRows.fields.indices.map { field in
                    random.next() % 5 == 0
                        ? .null : KernelRows.choices[field][random.below(KernelRows.choices[field].count)]
                })
        }
        self.init(rows)
    }

    init(_ rows: [[Value]]) {
        self.rows = rows
        self.plain = KernelRows.batch(rows, coded: false)
        self.coded = KernelRows.batch(rows, coded: true)
    }

    private static func texts(_ list: [String]) -> [Value] { list.map { .bytes(Array($0.utf8)) } }

    private static let choices: [[Value]] = [
        [0, 1, -1, 7, 100, 2_147_483_647, -2_147_483_648].map { .int64($0) },
        [0, 1, -1, 3, 1_000_000_007, .max, .min].map { .int64($0) },
        [0, 0.5, -1.5, 2.5, 1e18, -1e300, .infinity].map { .float64($0) },
        texts(["", "a", "Hello World", "héllo wörld", "GET /index.html", "10%_x", "  pad  ", "a,b,,c", "日本語テキスト"]),
        texts(["", "a", "o", "l", ",", "%l%", "hello", "ö"]),
        [.bool(true), .bool(false)], [.bool(true), .bool(false)],
        [0, -1, 1_700_000_123_456_789, 951_782_400_000_000, -62_135_596_800_000_000].map { .int64($0) },
        [0, -1, 19_723, 11_016, -719_162].map { .int64($0) },
        ["10.1.2.3", "192.168.0.1", "2001:db8::1", "::1"].compactMap { IPAddress($0).map { .ip($0) } },
        texts(["1", "\"x\"", "null", "{\"a\": {\"b\": [1, \"two\", null]}}", "[true, 2.5]", "{\"a b\": 1}"]),
        [0, 1, 2, 3, -1].map { .int64($0) },
    ]

    private static func batch(_ rows: [[Value]], coded: Bool) -> Batch {
        let columns = fields.indices.map { field in
            column(rows.map { $0[field] }, fields[field].type.fieldType, coded)
        }
        let schema = Schema(fields.map { Field($0.name, $0.type.fieldType) })
        return Batch(schema: schema, rowCount: rows.count, columns: columns)
    }

    private static func column(_ values: [Value], _ type: FieldType, _ coded: Bool) -> Column {
        let isText = type == .string || type == .json
        if isText && coded { return dictionary(values, type) }
        let validity = values.contains(.null) ? Bitmap(count: values.count) { values[$0] != .null } : nil
        if isText {
            var strings = ByteStrings()
            for value in values {
                if case .bytes(let bytes) = value { strings.append(bytes) } else { strings.append([]) }
            }
            return Column(type: type, count: values.count, validity: validity, storage: .byteStrings(strings))
        }
        let single = values.enumerated().map { Part(rows: [UInt32($0)], operand: .constant($1)) }
        let empty = Batch(schema: Schema([]), rowCount: values.count, columns: [])
        let sqlType: SQLType =
            switch type {
            case .bool: .boolean
            case .float64: .double
            case .ip: .ip
            case .timestamp: .timestamp
            default: .bigint
            }
        let frame = Evaluator(batch: empty, rows: nil, context: context)
        return frame.column(frame.assemble(single, sqlType), sqlType)
    }

    private static func dictionary(_ values: [Value], _ type: FieldType) -> Column {
        var entries = ByteStrings()
        entries.append(Array("{not used".utf8))
        var known: [[UInt8]: UInt32] = [:]
        var codes: [UInt32] = []
        for value in values {
            guard case .bytes(let bytes) = value else {
                codes.append(0)
                continue
            }
            if known[bytes] == nil {
                known[bytes] = UInt32(entries.count)
                entries.append(bytes)
            }
            codes.append(known[bytes]!)
        }
        let validity = values.contains(.null) ? Bitmap(count: values.count) { values[$0] != .null } : nil
        return Column(
            type: type, count: values.count, validity: validity, storage: .dictionary(codes: codes, values: entries))
    }

    /// `text` bound over the columns.
    static func bind(_ text: String) throws -> BoundExpression {
        let plan = try Binder(catalog: KernelCatalog()).bind(
            try SQLParser.parseQuery("SELECT \(text) AS x FROM kernels"))
        switch plan {
        case .project(.scan(_, let columns, _), let expressions, _):
            return expressions[0].remappingColumns { columns[$0] }
        case .scan(let table, let columns, _):
            return .column(index: columns[0], type: table.fields[columns[0]].type)
        default:
            Issue.record("an unexpected plan for \(text): \(plan)")
            return .literal(.null, type: .null)
        }
    }
}

struct KernelCatalog: Catalog {
    func table(_ name: String) -> TableDescription? {
        name == "kernels"
            ? TableDescription(name: name, fields: KernelRows.fields, timeColumn: nil, watermarkDelay: 0) : nil
    }

    var tableNames: [String] { ["kernels"] }
}

struct Xorshift {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}

/// One expression without columns, or over one row, shown as text.
enum Shown {
    static func value(_ text: String, row: [Value]? = nil) -> String {
        do {
            let rows = KernelRows([row ?? KernelRows.fields.map { _ in .null }])
            let bound = try KernelRows.bind(text)
            let column = try CompiledExpression(bound).evaluate(rows.plain, context: KernelRows.context)
            return show(column.value(0), bound.type)
        } catch let error as SQLError {
            return "\(error.code.rawValue): \(error.message)"
        } catch {
            return "\(error)"
        }
    }

    static func show(_ value: Value, _ type: SQLType) -> String {
        if value == .null { return "NULL" }
        let literal = BoundExpression.literal(value, type: type)
        guard let cast = try? CompiledExpression(.cast(literal, to: .varchar, isTry: true)),
            case .bytes(let bytes)? = cast.constant
        else { return "\(value)" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
