import Bytes

/// What an expression gives. Lists and dictionaries are values: a copy that is changed changes nothing else.
enum Value {
    /// An unknown variable, a missing key, nothing returned.
    case undefined
    case bool(Bool)
    case integer(Int64)
    case text(Text)
    case list([Value])
    case dictionary(ValueDictionary)

    var isTrue: Bool {
        switch self {
        case .undefined: false
        case .bool(let bool): bool
        case .integer(let integer): integer != 0
        case .text(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// The integer this is or spells.
    var integer: Int64? {
        switch self {
        case .integer(let integer): integer
        case .text(let text): text.integer
        case .bool(let bool): bool ? 1 : 0
        default: nil
        }
    }

    /// For messages.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .text: "a string"
        case .list: "a list"
        case .dictionary: "a dictionary"
        }
    }

    var taint: Taint {
        switch self {
        case .text(let text): text.taint
        case .list(let items): items.reduce(into: []) { $0.formUnion($1.taint) }
        case .dictionary(let dictionary):
            dictionary.entries.reduce(into: []) { $0.formUnion($1.key.taint.union($1.value.taint)) }
        default: []
        }
    }

    /// Must be made harmless where it goes into markup.
    var isTainted: Bool { taint.contains(.client) }

    /// This as text without making bytes where it is text already.
    var asText: Text {
        if case .text(let text) = self { return text }
        var bytes: [UInt8] = []
        append(to: &bytes)
        return Text(bytes, taint: taint)
    }

    /// Appends the text form: `[1, 'a']` and `{'k': 'v'}` for collections, nothing for undefined.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .undefined: break
        case .bool(let bool): bytes.append(contentsOf: bool ? "true" : "false")
        case .integer(let integer): NumberWriter.append(integer, to: &bytes)
        case .text(let text): bytes.append(contentsOf: text.bytes)
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(contentsOf: ", ") }
                item.appendQuoted(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .dictionary(let dictionary):
            bytes.append(UInt8(ascii: "{"))
            for (index, entry) in dictionary.entries.enumerated() {
                if index > 0 { bytes.append(contentsOf: ", ") }
                Value.text(entry.key).appendQuoted(to: &bytes)
                bytes.append(contentsOf: ": ")
                entry.value.appendQuoted(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private func appendQuoted(to bytes: inout [UInt8]) {
        guard case .text(let text) = self else { return append(to: &bytes) }
        bytes.append(UInt8(ascii: "'"))
        bytes.append(contentsOf: text.bytes)
        bytes.append(UInt8(ascii: "'"))
    }

    /// Roughly the bytes of the text form.
    var size: Int {
        switch self {
        case .undefined, .bool, .integer: 8
        case .text(let text): text.bytes.count
        case .list(let items): items.reduce(16) { $0 + $1.size }
        case .dictionary(let dictionary): dictionary.entries.reduce(16) { $0 + $1.key.bytes.count + $1.value.size }
        }
    }
}
