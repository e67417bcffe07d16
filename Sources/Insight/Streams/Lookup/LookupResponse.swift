import Bytes
import Columns
import SQL

/// Makes rows of what a table answers: a JSON object, an array of objects, or objects line by line.
final class LookupResponse {
    private let schema: Schema
    /// Of each value of the key, its column in `schema`; `nil` where the column is of another type.
    private let keyColumns: [Int?]
    private let chain: TableChain
    private let rowSchema: Schema

    /// - Parameters:
    ///   - schema: of the rows as the scan reads them.
    ///   - chain: what the join's side makes of them.
    init(schema: Schema, keyColumns: [Int?], chain: TableChain, rowSchema: Schema) {
        self.schema = schema
        self.keyColumns = keyColumns
        self.chain = chain
        self.rowSchema = rowSchema
    }

    /// - Parameter key: the values that were asked for, which the rows have whether the answer says so or not.
    /// - Returns: `nil` for none.
    /// - Throws: `source_failed` where the answer is no JSON of that form.
    func rows(_ body: [UInt8], key: [Column], table: String) throws(SQLError) -> Batch? {
        guard let lines = JSONDocuments.lines(of: body) else {
            throw SQLError(
                code: .sourceFailed,
                message: "table \(table) answered what is neither a JSON object nor an array of them")
        }
        var reader = NDJSONReader(schema: schema)
        reader.feed(lines.span)
        reader.finish()
        var found: [Batch] = []
        while let batch = reader.nextBatch() {
            found += try chain.rows(of: keyed(batch, key)).map {
                Batch(schema: rowSchema, rowCount: $0.rowCount, columns: $0.columns)
            }
        }
        guard reader.report.malformedLines == 0 else {
            throw SQLError(code: .sourceFailed, message: "table \(table) answered JSON that can't be read")
        }
        let kept = found.filter { $0.rowCount > 0 }
        return kept.isEmpty ? nil : Batch.concatenate(kept)
    }

    private func keyed(_ batch: Batch, _ key: [Column]) -> Batch {
        var columns = batch.columns
        for (value, index) in zip(key, keyColumns) {
            guard let index else { continue }
            columns[index] = value.select(rows: Array(repeating: 0, count: batch.rowCount))
        }
        return Batch(schema: batch.schema, rowCount: batch.rowCount, columns: columns)
    }
}

/// JSON documents as lines of objects.
enum JSONDocuments {
    /// - Returns: one object a line, whatever their form was; `nil` where something else stands between them.
    static func lines(of bytes: [UInt8]) -> [UInt8]? {
        var lines: [UInt8] = []
        lines.reserveCapacity(bytes.count + 1)
        var depth = 0
        var isInArray = false
        var isInText = false
        var isEscaped = false
        for byte in bytes {
            if isInText {
                lines.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if depth > 0 { lines.append(UInt8(ascii: " ")) }
            case UInt8(ascii: "{"):
                depth += 1
                lines.append(byte)
            case UInt8(ascii: "}") where depth > 0:
                depth -= 1
                lines.append(byte)
                if depth == 0 { lines.append(UInt8(ascii: "\n")) }
            case _ where depth > 0:
                if byte == UInt8(ascii: "\"") { isInText = true }
                lines.append(byte)
            case UInt8(ascii: "[") where !isInArray && lines.isEmpty: isInArray = true
            case UInt8(ascii: "]") where isInArray: isInArray = false
            case UInt8(ascii: ",") where isInArray: break
            default: return nil
            }
        }
        return depth == 0 && !isInArray ? lines : nil
    }
}
