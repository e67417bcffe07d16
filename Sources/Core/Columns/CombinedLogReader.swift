import Bytes

/// Reads web server access logs in the common and combined formats of Apache and nginx into batches. Columns have their
/// ECS names, see `schema`.
///
/// Fed like `NDJSONReader`. A line of another form is skipped, counted and named in `report`. `-` is null. A client that
/// is written as a host name stands in `client.address` only.
public struct CombinedLogReader: ~Copyable {
    /// All columns that a log line can give.
    public static let schema = Schema([
        Field("@timestamp", .timestamp), Field("client.ip", .ip), Field("client.address", .string),
        Field("user.name", .string), Field("http.request.method", .string), Field("url.original", .string),
        Field("url.path", .string), Field("url.query", .string), Field("http.version", .string),
        Field("http.response.status_code", .int64), Field("http.response.body.bytes", .int64),
        Field("http.request.referrer", .string), Field("user_agent.original", .string),
    ])

    private static let maximumLineBytes = 1 << 20
    private static let batchRows = 4096

    public let schema: Schema
    public private(set) var report = ReadReport()

    private var builder: BatchBuilder
    /// The schema's column of each column of the whole schema, -1 for those not wanted.
    private let columns: [Int]
    private var tail: [UInt8] = []
    private var isDropping = false
    private var ready: [Batch] = []
    private var scratch: [UInt8] = []

    /// - Parameter columns: fields of `CombinedLogReader.schema`; others stay null.
    public init(schema: Schema = CombinedLogReader.schema) {
        self.schema = schema
        self.columns = Self.schema.fields.map { field in
            guard let index = schema.index(of: field.name), schema.fields[index].type == field.type else { return -1 }
            return index
        }
        self.builder = BatchBuilder(schema: schema, capacity: Self.batchRows)
    }

    /// Takes the next bytes of the input. Whole lines are read at once, the rest waits.
    public mutating func feed(_ bytes: Span<UInt8>) {
        var start = 0
        while let newline = bytes.firstIndex(of: 0x0a, from: start) {
            if isDropping || !tail.isEmpty {
                keep(bytes.extracting(start..<newline))
                endTail(newline: 1)
            } else {
                take(bytes.extracting(start..<newline), newline: 1)
            }
            start = newline + 1
        }
        if start < bytes.count { keep(bytes.extracting(start...)) }
    }

    /// The input has ended: reads a last line without newline and closes the last batch.
    public mutating func finish() {
        if isDropping || !tail.isEmpty { endTail(newline: 0) }
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

    private mutating func keep(_ bytes: Span<UInt8>) {
        if !isDropping, tail.count + bytes.count <= Self.maximumLineBytes {
            tail.append(contentsOf: bytes)
            return
        }
        isDropping = true
        report.bytes += tail.count + bytes.count
        tail = []
    }

    private mutating func endTail(newline: Int) {
        if isDropping {
            isDropping = false
            report.lines += 1
            report.bytes += newline
            report.note(line: report.lines, offset: report.bytes, "longer than \(Self.maximumLineBytes) bytes")
            return
        }
        let line = tail
        tail = []
        take(line.span, newline: newline)
    }

    private mutating func take(_ line: Span<UInt8>, newline: Int) {
        report.lines += 1
        defer { report.bytes += line.count + newline }
        var end = line.count
        if end > 0, line[end - 1] == 0x0d { end -= 1 }
        if end == 0 { return }
        let text = line.extracting(..<end)
        guard let parts = CombinedLogLine(text) else {
            report.note(line: report.lines, offset: report.bytes, "not in the common or combined log format")
            return
        }
        append(parts, text)
        builder.endRow()
        report.rows += 1
        if builder.rowCount >= Self.batchRows { ready.append(builder.finish()) }
    }

    private mutating func append(_ parts: CombinedLogLine, _ line: Span<UInt8>) {
        if columns[0] >= 0 { builder[columns[0]].append(int64: parts.timestamp) }
        let client = line.extracting(parts.client)
        if columns[1] >= 0, let address = IPAddress(text: client) { builder[columns[1]].append(ip: address) }
        append(parts.client, line, 2)
        append(parts.user, line, 3)
        append(parts.method, line, 4)
        append(parts.target, line, 5)
        append(parts.path, line, 6)
        append(parts.query, line, 7)
        append(parts.version, line, 8)
        if columns[9] >= 0 { builder[columns[9]].append(int64: parts.status) }
        if columns[10] >= 0, let bytes = parts.bytes { builder[columns[10]].append(int64: bytes) }
        append(parts.referrer, line, 11)
        append(parts.userAgent, line, 12)
    }

    /// Appends the text of `range` to the column that is at `place` in the whole schema; nothing where it is `-`.
    private mutating func append(_ range: Range<Int>?, _ line: Span<UInt8>, _ place: Int) {
        let column = columns[place]
        guard column >= 0, let range, !range.isEmpty else { return }
        let text = line.extracting(range)
        if text.count == 1, text[0] == UInt8(ascii: "-") { return }
        if text.firstIndex(of: UInt8(ascii: "\\")) == nil {
            builder[column].append(bytes: text)
            return
        }
        scratch.removeAll(keepingCapacity: true)
        CombinedLogLine.unescape(text, to: &scratch)
        let plain = scratch
        builder[column].append(bytes: plain.span)
    }
}
