import Bytes

/// Reads CSV with a header (RFC 4180) into batches of a schema. Columns are found by their names in the header; those the
/// schema does not have are skipped, and those the header does not have are null.
///
/// Fed like `NDJSONReader`. An empty field without quotes is null. A record with more or fewer fields than the header is
/// malformed: skipped, counted and named in `report`. A value that is not of its column's type is null and counted.
public struct CSVReader: ~Copyable {
    public let schema: Schema
    public private(set) var report = ReadReport()

    private let options: CSVOptions
    private var builder: BatchBuilder
    private var scanner: CSVScanner
    /// The column of each of the header's fields, -1 for those not wanted; `nil` until the header was read.
    private var columns: [Int]?
    private var tail: [UInt8] = []
    /// A record is over the limit; everything to the next line end is dropped.
    private var isDropping = false
    private var ready: [Batch] = []
    private var scratch: [UInt8] = []

    public init(schema: Schema, options: CSVOptions = CSVOptions()) {
        self.schema = schema
        self.options = options
        self.builder = BatchBuilder(schema: schema, capacity: options.batchRows)
        self.scanner = CSVScanner(delimiter: options.delimiter)
    }

    /// Takes the next bytes of the input. Whole records are read at once, the rest waits.
    public mutating func feed(_ bytes: Span<UInt8>) {
        var text = tail
        tail = []
        text.append(contentsOf: bytes)
        read(text.span, isLast: false)
    }

    /// The input has ended: reads a last record without line end and closes the last batch.
    public mutating func finish() {
        let text = tail
        tail = []
        if !text.isEmpty { read(text.span, isLast: true) }
        flush()
    }

    /// The next full batch, or after `finish()` the last one.
    public mutating func nextBatch() -> Batch? {
        ready.isEmpty ? nil : ready.removeFirst()
    }

    /// What is read so far and in no batch yet, when the input pauses and someone waits for it.
    public mutating func flush() {
        if builder.rowCount > 0 { ready.append(builder.finish()) }
    }

    private mutating func read(_ text: Span<UInt8>, isLast: Bool) {
        var start = 0
        while start < text.count {
            if isDropping {
                guard let newline = text.firstIndex(of: 0x0a, from: start) else { return }
                isDropping = false
                start = newline + 1
                continue
            }
            let end: Int
            switch scanner.scan(text, from: start, isLast: isLast) {
            case .record(let recordEnd):
                end = recordEnd
                takeRecord(text, at: start)
            case .malformed(let recordEnd):
                end = recordEnd
                report.note(
                    line: report.lines + 1, offset: report.bytes, "text after the closing quote, or no such quote")
            case .incomplete:
                if text.count - start <= options.maximumRecordBytes {
                    tail.append(contentsOf: text.extracting(start...))
                    return
                }
                report.note(line: report.lines + 1, offset: report.bytes, "longer than maximumRecordBytes")
                isDropping = true
                end = start
            }
            report.lines += text.extracting(start..<end).count(of: 0x0a)
            report.bytes += end - start
            start = end
            if builder.rowCount >= options.batchRows { ready.append(builder.finish()) }
        }
    }

    private mutating func takeRecord(_ text: Span<UInt8>, at start: Int) {
        guard let columns else {
            readHeader(text)
            return
        }
        let pieces = scanner.pieces
        if pieces.count == 1, pieces[0].range.isEmpty, !pieces[0].isQuoted, columns.count > 1 { return }
        guard pieces.count == columns.count else {
            report.note(
                line: report.lines + 1, offset: report.bytes,
                "\(pieces.count) fields where the header has \(columns.count)")
            return
        }
        for (piece, column) in zip(pieces, columns) where column >= 0 {
            if builder[column].count > builder.endedRows { continue }
            if piece.range.isEmpty, !piece.isQuoted {
                builder[column].appendNull()
            } else if piece.hasDoubledQuotes {
                scratch.removeAll(keepingCapacity: true)
                CSVScanner.append(piece, of: text, to: &scratch)
                let plain = scratch
                append(plain.span, column)
            } else {
                append(text.extracting(piece.range), column)
            }
        }
        builder.endRow()
        report.rows += 1
    }

    private mutating func readHeader(_ text: Span<UInt8>) {
        columns = CSVReader.names(scanner.pieces, text, options).map { schema.index(of: $0) ?? -1 }
    }

    private mutating func append(_ text: Span<UInt8>, _ column: Int) {
        if !FieldText.append(text, to: &builder[column]) {
            builder[column].appendNull()
            report.unfitValues += 1
        }
    }

    /// The header's names, without a byte order mark.
    private static func names(_ pieces: [CSVScanner.Piece], _ text: Span<UInt8>, _ options: CSVOptions) -> [String] {
        var names: [String] = []
        for piece in pieces.prefix(options.maximumFields) {
            var name: [UInt8] = []
            CSVScanner.append(piece, of: text, to: &name)
            if names.isEmpty, name.starts(with: [0xef, 0xbb, 0xbf]) { name.removeFirst(3) }
            names.append(String(decoding: name, as: UTF8.self))
        }
        return names + Array(repeating: "", count: max(0, pieces.count - options.maximumFields))
    }

    /// The columns of CSV text by its header and the records after it: bool, int64, float64, timestamp or string. Of
    /// names that come twice the first counts; fields without a name are left out.
    public static func inferSchema(_ text: Span<UInt8>, options: CSVOptions = CSVOptions()) -> Schema {
        var scanner = CSVScanner(delimiter: options.delimiter)
        guard case .record(var start) = scanner.scan(text, from: 0, isLast: true) else { return Schema([]) }
        let names = names(scanner.pieces, text, options)
        var kinds = Array(repeating: ValueKinds(), count: names.count)
        while start < text.count {
            switch scanner.scan(text, from: start, isLast: false) {
            case .incomplete:
                start = text.count
            case .malformed(let end):
                start = end
            case .record(let end):
                start = end
                for (index, piece) in scanner.pieces.enumerated() where index < kinds.count && !piece.range.isEmpty {
                    kinds[index].formUnion(FieldText.kind(text.extracting(piece.range)))
                }
            }
        }
        var fields: [Field] = []
        for (name, kind) in zip(names, kinds) where !name.isEmpty && !fields.contains(where: { $0.name == name }) {
            fields.append(Field(name, kind.type(mixed: .string)))
        }
        return Schema(fields)
    }
}
