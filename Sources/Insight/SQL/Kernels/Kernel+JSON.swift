import Columns

extension Kernel {
    func json(_ arguments: [Argument], _ count: Int) throws(SQLError) -> Column {
        let texts = arguments[0].operand.texts()
        let valid = validity(arguments, count)
        if case .jsonKind(let kind) = prepared {
            return .bools(Bitmap(count: count) { JSONText.isValid(texts.text($0), kind) }, valid)
        }
        guard case .path(let path) = prepared else { preconditionFailure("\(function) without a path") }
        if function == .jsonExists {
            return .bools(Bitmap(count: count) { JSONText.find(path, in: texts.text($0)) != nil }, valid)
        }
        let wantsScalar = function == .jsonValue
        return try made([arguments[0]], count) { row, output in
            let text = texts.text(row)
            guard let found = JSONText.find(path, in: text, onlyOne: true) else { return false }
            let value = text.extracting(found)
            if function == .jsonElement { return JSONText.appendElement(value, to: &output) }
            if wantsScalar { return JSONText.appendScalar(value, to: &output) }
            return JSONText.appendContainer(value, to: &output)
        }
    }
}

/// What `IS JSON` asks for.
enum JSONKind: String, Sendable {
    case value = "VALUE"
    case scalar = "SCALAR"
    case array = "ARRAY"
    case object = "OBJECT"

    init(_ text: [UInt8]) throws(SQLError) {
        guard let kind = JSONKind(rawValue: String(decoding: text, as: UTF8.self).uppercased()) else {
            throw SQLError(code: .syntax, message: "IS JSON may be followed by VALUE, SCALAR, ARRAY or OBJECT")
        }
        self = kind
    }
}

/// A path of SQL/JSON: `$.user.tags[0]['first name']`, with `[*]` and `.*` for any. `lax` and `strict` before it are
/// read; both give null where there is nothing.
struct JSONPath: Sendable {
    enum Step: Sendable, Equatable {
        case key([UInt8])
        case index(Int)
        case anyKey
        case anyIndex
    }

    /// More steps than this are refused.
    static let maximumSteps = 64

    let steps: [Step]
    /// `strict`: what is not there is an error, where errors are told from what is not there.
    let isStrict: Bool

    /// Whether several values may lie on it.
    var hasWildcard: Bool { steps.contains { $0 == .anyKey || $0 == .anyIndex } }

    /// - Throws: where the path is wrong.
    init(_ text: [UInt8]) throws(SQLError) {
        var reader = PathReader(text: text)
        self.steps = try reader.read()
        self.isStrict = reader.isStrict
    }
}

private struct PathReader {
    let text: [UInt8]
    var index = 0
    private(set) var isStrict = false

    init(text: [UInt8]) { self.text = text }

    mutating func read() throws(SQLError) -> [JSONPath.Step] {
        skipBlanks()
        for mode in ["lax", "strict"] where text[index...].starts(with: mode.utf8) {
            index += mode.utf8.count
            isStrict = mode == "strict"
            break
        }
        skipBlanks()
        guard take("$") else { throw wrong("must begin with $") }
        var steps: [JSONPath.Step] = []
        while index < text.count {
            guard steps.count < JSONPath.maximumSteps else {
                throw wrong("has more than \(JSONPath.maximumSteps) steps")
            }
            if take(".") {
                steps.append(take("*") ? .anyKey : .key(try name()))
            } else if take("[") {
                steps.append(try bracket())
            } else if text[index] == 0x20 {
                index += 1
            } else {
                throw wrong("is wrong at character \(index + 1)")
            }
        }
        return steps
    }

    private mutating func name() throws(SQLError) -> [UInt8] {
        if index < text.count, text[index] == UInt8(ascii: "\"") { return try quoted() }
        let start = index
        while index < text.count, ![0x2e, 0x5b, 0x20, 0x5d].contains(text[index]) { index += 1 }
        guard index > start else { throw wrong("lacks a name at character \(start + 1)") }
        return Array(text[start..<index])
    }

    private mutating func bracket() throws(SQLError) -> JSONPath.Step {
        let step: JSONPath.Step
        if take("*") {
            step = .anyIndex
        } else if index < text.count, text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") {
            step = .key(try quoted())
        } else {
            var value = 0
            let start = index
            while index < text.count, text[index] &- 48 < 10, index - start < 9 {
                value = value * 10 + Int(text[index] - 48)
                index += 1
            }
            guard index > start else { throw wrong("lacks an index at character \(start + 1)") }
            step = .index(value)
        }
        guard take("]") else { throw wrong("lacks ] at character \(index + 1)") }
        return step
    }

    private mutating func quoted() throws(SQLError) -> [UInt8] {
        let quote = text[index]
        index += 1
        var name: [UInt8] = []
        while index < text.count, text[index] != quote {
            if text[index] == UInt8(ascii: "\\"), index + 1 < text.count { index += 1 }
            name.append(text[index])
            index += 1
        }
        guard index < text.count else { throw wrong("has a quote that isn't closed") }
        index += 1
        return name
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks() {
        while index < text.count, text[index] == 0x20 { index += 1 }
    }

    private func wrong(_ what: String) -> SQLError {
        SQLError(
            code: .invalidLiteral,
            message: "the JSON path '\(String(decoding: text.prefix(80), as: UTF8.self))' \(what)",
            suggestion: "for instance '$.user.tags[0]'")
    }
}
