import Bytes
import Columns
import SQL

/// How rows leave for places that take bytes.
enum RowEncoding: String, Sendable, CaseIterable {
    /// One object a line.
    case ndjson
    /// One array of objects.
    case json
    /// RFC 4180, with a header line.
    case csv

    var fileExtension: String { rawValue }

    var contentType: String {
        switch self {
        case .ndjson: "application/x-ndjson"
        case .json: "application/json"
        case .csv: "text/csv"
        }
    }

    /// What stands before the first row of a file.
    func header(_ fields: [PlanField]) -> [UInt8] {
        guard self == .csv else { return [] }
        var bytes: [UInt8] = []
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            CSVRows.append(text: Array(field.name.utf8).span, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// The rows, each with its line end; of `json` a whole array.
    func encode(_ batches: [Batch], _ fields: [PlanField]) -> [UInt8] {
        switch self {
        case .ndjson:
            var writer = JSONWriter(fields: fields)
            for batch in batches { writer.append(batch, prefix: "", suffix: "\n") }
            return writer.take()
        case .json:
            var writer = JSONWriter(fields: fields)
            for batch in batches { writer.append(batch, prefix: ",", suffix: "") }
            var bytes = writer.take()
            if bytes.isEmpty { bytes = [UInt8(ascii: "[")] } else { bytes[0] = UInt8(ascii: "[") }
            bytes.append(UInt8(ascii: "]"))
            return bytes
        case .csv:
            var bytes: [UInt8] = []
            for batch in batches { CSVRows.append(batch, fields, to: &bytes) }
            return bytes
        }
    }
}

/// Rows as comma-separated values: null is an empty field, an empty text is `""`.
enum CSVRows {
    static func append(_ batch: Batch, _ fields: [PlanField], to bytes: inout [UInt8]) {
        for row in 0..<batch.rowCount {
            for (index, column) in batch.columns.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(column, row, fields[index].type, to: &bytes)
            }
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    private static func append(_ column: Column, _ row: Int, _ type: SQLType, to bytes: inout [UInt8]) {
        if column.isNull(row) { return }
        switch column.storage {
        case .bool(let values): bytes.append(contentsOf: values[row] ? "true" : "false")
        case .int64(let values): append(values[row], type, column.type, to: &bytes)
        case .float64(let values): NumberWriter.append(values[row], to: &bytes)
        case .byteStrings(let values):
            append(text: values.bytes.span.extracting(values.range(row)), to: &bytes)
        case .dictionary(let codes, let values):
            append(text: values.bytes.span.extracting(values.range(Int(codes[row]))), to: &bytes)
        case .ip(let values): values[row].append(to: &bytes)
        case .decimal(let values):
            NumberWriter.append(decimal: values[row], scale: column.type.decimalScale ?? 0, to: &bytes)
        }
    }

    private static func append(_ value: Int64, _ type: SQLType, _ physical: FieldType, to bytes: inout [UInt8]) {
        switch type {
        case .date: TimeWriter.appendDate(CivilTime(microseconds: value &* 86_400_000_000), to: &bytes)
        case .time: TimeWriter.appendTime(CivilTime(microseconds: value), to: &bytes)
        default:
            if physical == .timestamp {
                TimeWriter.appendISO8601(value, to: &bytes)
            } else {
                NumberWriter.append(value, to: &bytes)
            }
        }
    }

    /// In quotes where it must be: RFC 4180, 2.6 and 2.7.
    static func append(text: Span<UInt8>, to bytes: inout [UInt8]) {
        var needsQuotes = text.isEmpty
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"): needsQuotes = true
            default: continue
            }
            break
        }
        guard needsQuotes else { return bytes.append(contentsOf: text) }
        bytes.append(UInt8(ascii: "\""))
        for index in text.indices {
            if text[index] == UInt8(ascii: "\"") { bytes.append(UInt8(ascii: "\"")) }
            bytes.append(text[index])
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
