import Bytes
import Columns

extension Kernel {
    func makeJSON(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        switch function {
        case .jsonString: return try jsonString(arguments[0], count)
        case .jsonUnquote:
            let texts = arguments[0].operand.texts()
            return try made(arguments, count) { row, output in
                let text = texts.text(row)
                let isString = JSONText.byte(text, 0) == UInt8(ascii: "\"") && JSONText.isValid(text)
                if isString { return JSONText.appendScalar(text, to: &output) }
                texts.append(row, to: &output)
                return true
            }
        case .jsonMember:
            let names = arguments[0].operand.texts()
            let values = arguments[1].operand.texts()
            return try made(arguments, count) { row, output in
                JSONText.appendQuoted(names.text(row), to: &output)
                output.append(UInt8(ascii: ":"))
                JSONText.appendCompact(values.text(row), to: &output)
                return true
            }
        default: return try jsonContainer(arguments, count)
        }
    }

    /// Text in quotes, bytes in base 64, JSON without blanks, the rest as a cast to JSON has it.
    private func jsonString(_ argument: Argument, _ count: Int) throws(SQLError) -> Column {
        switch argument.type {
        case .varchar, .varbinary, .json, .array, .map, .row:
            let texts = argument.operand.texts()
            let type = argument.type
            return try made([argument], count) { row, output in
                let text = texts.text(row)
                if type.isDocument {
                    JSONText.appendCompact(text, to: &output)
                } else if type == .varbinary {
                    output.append(UInt8(ascii: "\""))
                    Base64.encode(text, to: &output)
                    output.append(UInt8(ascii: "\""))
                } else {
                    JSONText.appendQuoted(text, to: &output)
                }
                return true
            }
        case .intervalDaySecond, .intervalYearMonth:
            let values = argument.operand.int64s()
            return try made([argument], count) { row, output in
                NumberWriter.append(values[row], to: &output)
                return true
            }
        default:
            return try Cast(from: argument.type, to: .json, isTry: true, context: context).run(argument.operand, count)
        }
    }

    /// Arrays and objects; a null among the values is JSON's null or left out.
    private func jsonContainer(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let isObject = function == .jsonObject || function == .jsonObjectAbsent
        let leavesOut = function == .jsonArrayAbsent || function == .jsonObjectAbsent
        let texts = arguments.map { $0.operand.texts() }
        let valid = arguments.map { $0.operand.validity(count) }
        let step = isObject ? 2 : 1
        return try made([], count) { (row, output) throws(SQLError) -> Bool in
            output.append(UInt8(ascii: isObject ? "{" : "["))
            let empty = output.count
            for index in stride(from: step - 1, to: texts.count, by: step) {
                let isNull = valid[index].map { !$0[row] } ?? false
                if isNull && leavesOut { continue }
                if output.count > empty { output.append(UInt8(ascii: ",")) }
                if isObject {
                    if let known = valid[index - 1], !known[row] {
                        throw .evaluation("a name in JSON_OBJECT is NULL", suggestion: "COALESCE gives it another")
                    }
                    let names = texts[index - 1]
                    JSONText.appendQuoted(names.text(row), to: &output)
                    output.append(UInt8(ascii: ":"))
                }
                if isNull {
                    output.append(contentsOf: "null".utf8)
                } else {
                    let values = texts[index]
                    JSONText.appendCompact(values.text(row), to: &output)
                }
            }
            output.append(UInt8(ascii: isObject ? "}" : "]"))
            return true
        }
    }
}

/// How a look along a path of SQL/JSON ended.
enum JSONOutcome: Int64 {
    case found = 0
    case empty
    case error
    /// JSON's null, where a value was wanted.
    case null

    /// What was wanted.
    enum Wanted: String {
        case value = "VALUE"
        case query = "QUERY"
        case wrapped = "WRAPPED"
        case exists = "EXISTS"
    }

    init(_ path: JSONPath, in text: Span<UInt8>, _ wanted: Wanted) {
        guard JSONText.isValid(text) else {
            self = .error
            return
        }
        let found = JSONText.findAll(path, in: text)
        guard !found.isEmpty else {
            self = path.isStrict ? .error : .empty
            return
        }
        let first = text[found[0].lowerBound]
        let isContainer = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        switch wanted {
        case .exists, .wrapped: self = .found
        case .value:
            self = isContainer || found.count > 1 ? .error : first == UInt8(ascii: "n") ? .null : .found
        case .query:
            self = found.count > 1 ? .error : isContainer ? .found : first == UInt8(ascii: "n") ? .null : .error
        }
    }
}

extension Kernel {
    /// Functions that look at all that is on a path.
    func jsonPaths(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        guard case .path(let path) = prepared else { preconditionFailure("\(function) without a path") }
        let texts = arguments[0].operand.texts()
        if function == .jsonOutcome {
            let name = arguments[2].operand.texts().array(0)
            let wanted = JSONOutcome.Wanted(rawValue: String(decoding: name, as: UTF8.self)) ?? .value
            let values = Loop.map(count, filler: 0) { JSONOutcome(path, in: texts.text($0), wanted).rawValue }
            return .int64s((values, validity(arguments, count)))
        }
        let isConditional = function == .jsonWrappedIfNeeded
        return try made([arguments[0]], count) { row, output in
            let text = texts.text(row)
            let found = JSONText.findAll(path, in: text)
            guard !found.isEmpty else { return false }
            if isConditional, found.count == 1, JSONText.appendContainer(text.extracting(found[0]), to: &output) {
                return true
            }
            output.append(UInt8(ascii: "["))
            for (index, range) in found.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.appendCompact(text.extracting(range), to: &output)
            }
            output.append(UInt8(ascii: "]"))
            return true
        }
    }
}
