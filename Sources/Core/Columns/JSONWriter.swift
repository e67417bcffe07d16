import Bytes

/// Writes rows as JSON objects keyed by column name: ISO-8601 times, shortest doubles, null for NaN and infinities,
/// ill-formed UTF-8 replaced by U+FFFD, `json` columns as they are.
public struct JSONWriter {
    /// How an `int64` column that stands for something else is written.
    public enum Style: Sendable {
        /// As its physical type says.
        case natural
        /// Days since 1970-01-01, written `"2026-01-31"`.
        case date
        /// Microseconds since midnight, written `"12:00:00.5"`.
        case timeOfDay
    }

    /// `"name":`, escaped once; those after the first with a comma before.
    private let keys: [[UInt8]]
    private let styles: [Style]
    private var buffer: [UInt8] = []

    /// - Parameters:
    ///   - names: One a column, in the order of the batches' columns.
    ///   - styles: One a column; empty where all are natural.
    public init(names: [String], styles: [Style] = []) {
        keys = names.enumerated().map { index, name in
            var key: [UInt8] = index == 0 ? [] : [UInt8(ascii: ",")]
            Self.append(string: Array(name.utf8)[...], to: &key)
            key.append(UInt8(ascii: ":"))
            return key
        }
        self.styles = styles.isEmpty ? Array(repeating: .natural, count: names.count) : styles
    }

    /// Writes every row, each between `prefix` and `suffix`.
    /// - Precondition: the batch has as many columns as there are names.
    public mutating func append(_ batch: Batch, prefix: StaticString, suffix: StaticString) {
        precondition(batch.columns.count == keys.count, "a name for each column")
        var out: [UInt8] = []
        swap(&out, &buffer)
        for row in 0..<batch.rowCount {
            out.append(contentsOf: prefix)
            out.append(UInt8(ascii: "{"))
            for index in keys.indices {
                out.append(contentsOf: keys[index])
                Self.append(batch.columns[index], row, styles[index], to: &out)
            }
            out.append(UInt8(ascii: "}"))
            out.append(contentsOf: suffix)
        }
        swap(&out, &buffer)
    }

    /// What was written since the last call.
    public mutating func take() -> [UInt8] {
        var out: [UInt8] = []
        swap(&out, &buffer)
        return out
    }

    private static func append(_ column: Column, _ row: Int, _ style: Style, to out: inout [UInt8]) {
        if column.isNull(row) { return out.append(contentsOf: "null") }
        switch column.storage {
        case .bool(let values): out.append(contentsOf: values[row] ? "true" : "false")
        case .int64(let values):
            if column.type == .timestamp || style != .natural {
                out.append(UInt8(ascii: "\""))
                append(time: values[row], style, to: &out)
                out.append(UInt8(ascii: "\""))
            } else {
                NumberWriter.append(values[row], to: &out)
            }
        case .float64(let values):
            if values[row].isFinite {
                NumberWriter.append(values[row], to: &out)
            } else {
                out.append(contentsOf: "null")
            }
        case .byteStrings(let values): append(text: values.bytes[values.range(row)], column.type, to: &out)
        case .dictionary(let codes, let values):
            append(text: values.bytes[values.range(Int(codes[row]))], column.type, to: &out)
        case .ip(let values):
            out.append(UInt8(ascii: "\""))
            values[row].append(to: &out)
            out.append(UInt8(ascii: "\""))
        }
    }

    private static func append(time value: Int64, _ style: Style, to out: inout [UInt8]) {
        switch style {
        case .natural: TimeWriter.appendISO8601(value, to: &out)
        case .date: TimeWriter.appendDate(CivilTime(microseconds: value &* 86_400_000_000), to: &out)
        case .timeOfDay: TimeWriter.appendTime(CivilTime(microseconds: value), to: &out)
        }
    }

    private static func append(text: ArraySlice<UInt8>, _ type: FieldType, to out: inout [UInt8]) {
        if type == .json, !text.isEmpty {
            out.append(contentsOf: text)
        } else {
            append(string: text, to: &out)
        }
    }

    /// Appends `text` quoted and escaped (RFC 8259, 7).
    public static func append(string text: ArraySlice<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        if isPlain(text) {
            out.append(contentsOf: text)
        } else {
            appendEscaped(text, to: &out)
        }
        out.append(UInt8(ascii: "\""))
    }

    /// Nothing in it needs to be escaped or repaired.
    private static func isPlain(_ text: ArraySlice<UInt8>) -> Bool {
        var special = false
        for byte in text where byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { special = true }
        return !special
    }

    private static func appendEscaped(_ text: ArraySlice<UInt8>, to out: inout [UInt8]) {
        let hexadecimal: StaticString = "0123456789abcdef"
        // Decoding repairs ill-formed sequences.
        for byte in String(decoding: text, as: UTF8.self).utf8 {
            switch byte {
            case 0x22: out.append(contentsOf: "\\\"")
            case 0x5C: out.append(contentsOf: "\\\\")
            case 0x0A: out.append(contentsOf: "\\n")
            case 0x0D: out.append(contentsOf: "\\r")
            case 0x09: out.append(contentsOf: "\\t")
            case 0..<0x20:
                out.append(contentsOf: "\\u00")
                hexadecimal.withUTF8Buffer { digits in
                    out.append(digits[Int(byte >> 4)])
                    out.append(digits[Int(byte & 15)])
                }
            default: out.append(byte)
            }
        }
    }
}
