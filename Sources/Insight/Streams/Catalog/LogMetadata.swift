import Columns
import EventLog
import SQL

/// What is known of a row besides its columns, by the name that `METADATA FROM` gives it.
protocol RowMetadata: RawRepresentable<String>, CaseIterable, Sendable {
    /// What the rows are of, in words.
    static var owner: String { get }
    var type: FieldType { get }
}

/// What the log knows of a row besides its columns.
enum LogMetadata: String, RowMetadata {
    /// Its place in its partition.
    case offset
    case partition
    case topic
    /// The log's own time of the row, `@timestamp`.
    case timestamp

    static let timeName = "@timestamp"
    static let owner = "a topic"

    var type: FieldType {
        switch self {
        case .offset, .partition: .int64
        case .topic: .string
        case .timestamp: .timestamp
        }
    }
}

extension RowMetadata {
    /// The declared columns by name.
    ///
    /// - Throws: `unknown_column` for a property that rows don't have, `type_mismatch` for another type.
    static func columns(
        of declaration: TableDeclaration
    ) throws(SQLError) -> [String: Self] {
        var columns: [String: Self] = [:]
        for column in declaration.metadata {
            guard let metadata = Self(rawValue: column.key) else {
                throw SQLError(
                    code: .unknownColumn, message: "rows of \(owner) have no property '\(column.key)'",
                    at: column.name.position,
                    suggestion: "there are \(allCases.map(\.rawValue).joined(separator: ", "))")
            }
            let field = declaration.fields.first { $0.name == column.name.text }
            guard let field, field.type.fieldType == metadata.type else {
                throw SQLError(
                    code: .typeMismatch,
                    message: "column \(column.name.text) is declared as \(field?.type.name ?? "nothing"), and "
                        + "'\(column.key)' is \(SQLType(carriedBy: metadata.type).name)", at: column.name.position)
            }
            columns[column.name.text] = metadata
        }
        return columns
    }
}

extension LogBatch {
    /// The columns of `schema`: those of the batch, and the metadata that goes by their names.
    func conformed(to schema: Schema, _ metadata: [String: LogMetadata]) -> Batch {
        let rows = batch.read(as: schema)
        guard !metadata.isEmpty else { return rows }
        let columns = zip(schema.fields, rows.columns).map { field, column in
            metadata[field.name].map { self.column($0) } ?? column
        }
        return Batch(schema: schema, rowCount: rows.rowCount, columns: columns)
    }

    private func column(_ metadata: LogMetadata) -> Column {
        let count = batch.rowCount
        switch metadata {
        case .offset:
            let offsets = [Int64](capacity: count) { out in
                for row in 0..<Int64(count) { out.append(baseOffset + row) }
            }
            return Column(type: .int64, count: count, validity: nil, storage: .int64(offsets))
        case .partition:
            let values = Array(repeating: Int64(partition), count: count)
            return Column(type: .int64, count: count, validity: nil, storage: .int64(values))
        case .topic:
            var names = ByteStrings()
            names.append(Array(topic.utf8))
            return Column(
                type: .string, count: count, validity: nil,
                storage: .dictionary(codes: Array(repeating: 0, count: count), values: names))
        case .timestamp:
            guard let time = batch.column(LogMetadata.timeName), time.type == .timestamp else {
                return .nulls(.timestamp, count: count)
            }
            return time
        }
    }
}

extension [String: LogMetadata] {
    /// The columns of a topic to read for those of a schema. It may not have all of them yet.
    func names(toRead schema: Schema) -> [String] {
        var names = schema.fields.map(\.name).filter { self[$0] == nil }
        let wantsTime = schema.fields.contains { self[$0.name] == .timestamp }
        if wantsTime, !names.contains(LogMetadata.timeName) { names.append(LogMetadata.timeName) }
        return names
    }
}
