import Bytes

/// Writes rows as JSON objects keyed by column name: ISO-8601 times, shortest doubles, decimals with all their digits, null for NaN and infinities,
/// ill-formed UTF-8 replaced by U+FFFD, `json` columns as they are.
public struct JSONWriter: Sendable {
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
        case .decimal(let values):
            NumberWriter.append(decimal: values[row], scale: column.type.decimalScale ?? 0, to: &out)
        case .byteStrings(let values): append(values, row, column.type, to: &out)
        case .dictionary(let codes, let values): append(values, Int(codes[row]), column.type, to: &out)
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

    private static func append(_ values: ByteStrings, _ row: Int, _ type: FieldType, to out: inout [UInt8]) {
        let text = values.bytes.span.extracting(values.range(row))
        if type == .json, !text.isEmpty {
            out.append(contentsOf: text)
        } else {
            append(string: text, to: &out)
        }
    }

    /// Appends `text` quoted and escaped (RFC 8259, 7).
    public static func append(string text: ArraySlice<UInt8>, to out: inout [UInt8]) {
        append(string: text.span, to: &out)
    }

    /// Appends `text` quoted and escaped (RFC 8259, 7).
    public static func append(string text: Span<UInt8>, to out: inout [UInt8]) {
        out.append(0x22)
        var start = 0
        while let special = text.firstIndexOfJSONSpecial(from: start) {
            out.append(contentsOf: text.extracting(start..<special))
            let byte = text[special]
            if byte < 0x80 {
                appendEscape(byte, to: &out)
                start = special + 1
            } else {
                start = appendNonASCII(text, from: special, to: &out)
            }
        }
        out.append(contentsOf: text.extracting(start...))
        out.append(0x22)
    }

    private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(0x5c)
        switch byte {
        case 0x22, 0x5c: out.append(byte)
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0a: out.append(UInt8(ascii: "n"))
        case 0x0d: out.append(UInt8(ascii: "r"))
        default:
            out.append(contentsOf: "u00")
            out.append(byte < 0x10 ? 0x30 : 0x31)
            let digit = byte & 15
            out.append(digit < 10 ? 48 + digit : 87 + digit)
        }
    }

    /// The run of bytes above ASCII at `start`, with U+FFFD for each part that is no UTF-8.
    /// - Returns: where the run ends.
    private static func appendNonASCII(_ text: Span<UInt8>, from start: Int, to out: inout [UInt8]) -> Int {
        var end = start
        while end < text.count, text[end] >= 0x80 { end += 1 }
        text.extracting(start..<end).withUnsafeBufferPointer { run in
            out.append(contentsOf: String(decoding: run, as: UTF8.self).utf8)
        }
        return end
    }
}
