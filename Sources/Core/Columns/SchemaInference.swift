import Bytes

/// Finds the columns of text by looking at some of it.
///
/// JSON: nested objects flatten to dotted names, arrays and empty objects are json, and so is a field whose values are of
/// several kinds. Integers and doubles together are float64; strings that are all dates with a time are timestamps, and
/// field `@timestamp` always is one. Fields stand in the order of their first coming.
public struct SchemaInference: ~Copyable {
    /// More fields than this are left out.
    public static let maximumFields = 1000

    private var names = ByteTable()
    private var kinds: [ValueKinds] = []
    private var index = JSONIndex()
    private var name: [UInt8] = []
    private var scratch: [UInt8] = []

    private init() {}

    /// What lines of JSON show of their fields.
    public struct Found: Sendable {
        public var schema: Schema
        /// Fields with numbers that are no integers, whatever else came in them.
        public var fractional: Set<String>
    }

    /// The schema of lines of JSON. Lines that are no objects do not count.
    public static func ndjson(_ text: Span<UInt8>) -> Schema { fields(ofNDJSON: text).schema }

    /// The same, with what the types don't tell.
    public static func fields(ofNDJSON text: Span<UInt8>) -> Found {
        var inference = SchemaInference()
        var start = 0
        while start < text.count {
            let end = text.firstIndex(of: 0x0a, from: start) ?? text.count
            text.extracting(start..<end).withUnsafeBufferPointer { inference.note(line: $0) }
            start = end + 1
        }
        return inference.found()
    }

    private borrowing func found() -> Found {
        var fields: [Field] = []
        var fractional: Set<String> = []
        for index in 0..<names.count {
            let name = names.key(index).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            if fields.contains(where: { $0.name == name }) { continue }
            fields.append(Field(name, name == "@timestamp" ? .timestamp : kinds[index].type(mixed: .json)))
            if kinds[index].contains(.double) { fractional.insert(name) }
        }
        return Found(schema: Schema(fields), fractional: fractional)
    }

    private mutating func note(line: UnsafeBufferPointer<UInt8>) {
        do throws(JSONIndex.Failure) {
            note(try index.scan(line))
        } catch {
            guard error == .utf8 else { return }
            // As the reader does it.
            let repaired = Array(String(decoding: line, as: UTF8.self).utf8)
            repaired.withUnsafeBufferPointer { repaired in
                if let cursor = try? index.scan(repaired) { note(cursor) }
            }
        }
    }

    private mutating func note(_ start: JSONCursor) {
        var cursor = start
        guard cursor.token == UInt8(ascii: "{") else { return }
        cursor.maximumDepth = NDJSONOptions().maximumDepth
        name.removeAll(keepingCapacity: true)
        // A line that breaks off half-way has shown what it could.
        try? noteObject(&cursor, depth: 1)
    }

    private mutating func noteObject(_ cursor: inout JSONCursor, depth: Int) throws(JSONFault) {
        if depth > cursor.maximumDepth { throw .tooDeep }
        cursor.advance()
        if cursor.token == UInt8(ascii: "}") {
            cursor.advance()
            if !name.isEmpty { note(.structure, count: name.count - 1) }
            return
        }
        let prefix = name.count
        while true {
            guard cursor.token == UInt8(ascii: "\""), let key = cursor.stringContent else { throw .expectedKey }
            cursor.advance()
            guard cursor.token == UInt8(ascii: ":") else { throw .expectedColon }
            cursor.advance()
            guard JSONText.unescape(cursor.bytes(key).span, to: &name) else { throw .badEscape }
            if cursor.token == UInt8(ascii: "{") {
                name.append(UInt8(ascii: "."))
                try noteObject(&cursor, depth: depth + 1)
            } else {
                note(try kind(&cursor, depth: depth), count: name.count)
            }
            name.removeSubrange(prefix...)
            let next = cursor.token
            cursor.advance()
            if next == UInt8(ascii: "}") { return }
            guard next == UInt8(ascii: ",") else { throw .expectedCommaOrEnd }
        }
    }

    /// - Parameter count: how much of `name` is the field's.
    private mutating func note(_ kind: ValueKinds, count: Int) {
        let known = name
        let field = known.span.extracting(..<count)
        guard names.count < Self.maximumFields || names.find(field) != nil else { return }
        let place = names.insert(field)
        if place == kinds.count { kinds.append([]) }
        kinds[place].formUnion(kind)
    }

    private mutating func kind(_ cursor: inout JSONCursor, depth: Int) throws(JSONFault) -> ValueKinds {
        let first = cursor.token
        let value = cursor.bytes(try cursor.checkedValue(depth: depth))
        switch first {
        case UInt8(ascii: "["): return .structure
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return []
        case UInt8(ascii: "\""):
            return TimeParser.dateTime(value.span.extracting(1..<value.count - 1)) == nil ? .text : .time
        default:
            guard case .integer = JSONText.number(value.span) else { return .double }
            return .integer
        }
    }
}
