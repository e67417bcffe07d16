/// Which functions exist, what they take and what they give. Names are not case-sensitive.
///
/// Special forms are calls with plain arguments: `EXTRACT(YEAR FROM t)` is `EXTRACT('YEAR', t)`, `FLOOR(t TO HOUR)`
/// is `FLOOR(t, 'HOUR')`, `TIMESTAMPADD(DAY, 1, t)` is `TIMESTAMPADD('DAY', 1, t)`, `POSITION(a IN b)` is
/// `POSITION(a, b)`, `TRIM(LEADING 'x' FROM t)` is `LTRIM(t, 'x')` (`TRAILING`: `RTRIM`, `BOTH`: `TRIM`),
/// `SUBSTRING(t FROM 2 FOR 3)` is `SUBSTRING(t, 2, 3)`, `t IS JSON OBJECT` is `"IS JSON"(t, 'OBJECT')`.
public enum FunctionSignatures {
    /// The overload for a call by name; nil when no function has this name or none of its overloads fits.
    public static func resolve(_ name: String, _ arguments: [SQLType]) -> FunctionResolution? {
        guard let overloads = table[name.uppercased()] else { return nil }
        if name.uppercased() == "MOD" { return resolveOperator(.remainder, arguments) }
        for overload in overloads {
            if let found = overload.resolve(arguments) { return found }
        }
        return nil
    }

    /// The overload of an operator.
    public static func resolve(_ function: ScalarFunction, _ arguments: [SQLType]) -> FunctionResolution? {
        resolveOperator(function, arguments) ?? resolve(function.rawValue, arguments)
    }

    public static func exists(_ name: String) -> Bool {
        table[name.uppercased()] != nil || unitFunctions[name.uppercased()] != nil
            || ListFunction.table[name.uppercased()] != nil
    }

    /// All names in upper case, sorted, for "did you mean".
    public static let names: [String] =
        (table.keys.filter { $0 != "IS JSON" } + unitFunctions.keys + ListFunction.table.keys).sorted()

    /// With aggregates and the functions of OVER.
    public static var allNames: [String] {
        names + AggregateName.allCases.map(\.rawValue) + OverFunctionName.allCases.map(\.rawValue)
    }

    /// How to call it: `SUBSTRING(VARCHAR, INT[, INT])`, one line an overload.
    public static func usages(of name: String) -> [String] {
        let name = name.uppercased()
        if let function = ListFunction.table[name] { return ["\(name)(\(function.usage))"] }
        if unitFunctions[name] != nil { return ["\(name)(TIMESTAMP)"] }
        return (table[name] ?? []).map { "\(name)(\($0.usage))" }
    }
}

/// What one parameter accepts.
enum Parameter: Sendable {
    case any
    case boolean
    /// VARCHAR; JSON and IP are cast to it.
    case text
    case binary
    /// Anything, cast to VARCHAR.
    case asText
    /// What `PRINTF` takes: numbers and booleans as they are, the rest as text.
    case printable
    case integer
    case number
    /// Integers as they are, other numbers cast to DOUBLE.
    case integerOrDouble
    /// Any number, cast to DOUBLE.
    case double
    /// TIMESTAMP, DATE or TIME as it is.
    case datetime
    /// TIMESTAMP; a DATE is cast to it.
    case timestamp
    case interval
    /// JSON, or VARCHAR that holds it.
    case json
    case ip
    /// A time unit as a VARCHAR literal.
    case unit

    /// The type to hand over; nil when `type` isn't accepted.
    func accept(_ type: SQLType) -> SQLType? {
        switch self {
        case .any: return type
        case .boolean: return type == .null || type == .boolean ? .boolean : nil
        case .text: return [.null, .varchar, .json, .ip].contains(type) ? .varchar : nil
        case .binary: return type == .varbinary || type == .null ? .varbinary : nil
        case .asText: return type == .varbinary ? nil : .varchar
        case .printable:
            return type.isNumeric || type == .boolean ? type : Parameter.asText.accept(type)
        case .integer: return type.isInteger ? type : type == .null ? .integer : type == .json ? .bigint : nil
        case .number: return type.isNumeric ? type : type == .null || type == .json ? .double : nil
        case .integerOrDouble: return type.isInteger ? type : Parameter.double.accept(type)
        case .double: return type.isNumeric || type == .null || type == .json ? .double : nil
        case .datetime: return [.timestamp, .date, .time].contains(type) ? type : type == .null ? .timestamp : nil
        case .timestamp: return [.null, .timestamp, .date].contains(type) ? .timestamp : nil
        case .interval: return type.isInterval ? type : nil
        case .json: return type.isDocument || type == .varchar ? type : type == .null ? .varchar : nil
        case .ip: return [.null, .ip, .varchar].contains(type) ? .ip : nil
        case .unit: return type == .varchar ? .varchar : nil
        }
    }

    var usage: String {
        switch self {
        case .any, .printable: "ANY"
        case .boolean: "BOOLEAN"
        case .text, .asText: "VARCHAR"
        case .binary: "VARBINARY"
        case .integer: "INT"
        case .number, .integerOrDouble: "NUMBER"
        case .double: "DOUBLE"
        case .datetime: "TIMESTAMP"
        case .timestamp: "TIMESTAMP"
        case .interval: "INTERVAL"
        case .json: "JSON"
        case .ip: "IP"
        case .unit: "UNIT"
        }
    }
}

/// What a call gives.
enum ResultRule: Sendable {
    case fixed(SQLType)
    /// The type of this argument after its cast.
    case argument(Int)
    /// The type all arguments meet in, to which they are cast.
    case common
    /// As `common`, over all arguments but the first.
    case commonAfterFirst
    case custom(@Sendable ([SQLType]) -> SQLType?)
}

struct Overload: Sendable {
    var function: ScalarFunction
    var parameters: [Parameter]
    /// How many at the end may be left out.
    var optional = 0
    /// The last parameter may be repeated.
    var isVariadic = false
    var result: ResultRule

    func resolve(_ arguments: [SQLType]) -> FunctionResolution? {
        guard arguments.count >= parameters.count - optional, isVariadic || arguments.count <= parameters.count else {
            return nil
        }
        var wanted: [SQLType] = []
        for (index, argument) in arguments.enumerated() {
            guard let type = parameters[min(index, parameters.count - 1)].accept(argument) else { return nil }
            wanted.append(type)
        }
        guard let type = resultType(&wanted) else { return nil }
        return FunctionResolution(function, arguments, as: wanted, type: type)
    }

    private func resultType(_ wanted: inout [SQLType]) -> SQLType? {
        switch result {
        case .fixed(let type): return type
        case .argument(let index): return wanted[index]
        case .common:
            guard let type = SQLType.common(of: wanted) else { return nil }
            wanted = wanted.map { _ in type }
            return type
        case .commonAfterFirst:
            guard let type = SQLType.common(of: Array(wanted.dropFirst())) else { return nil }
            wanted = [wanted[0]] + wanted.dropFirst().map { _ in type }
            return type
        case .custom(let rule): return rule(wanted)
        }
    }

    var usage: String {
        var text = ""
        for (index, parameter) in parameters.enumerated() {
            let isOptional = index >= parameters.count - optional
            text += (isOptional ? "[" : "") + (index > 0 ? ", " : "") + parameter.usage
        }
        return text + String(repeating: "]", count: optional) + (isVariadic ? ", …" : "")
    }
}
