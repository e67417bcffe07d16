import Bytes

/// Reads lines of JSON, one object a line, into batches of a schema. Only the schema's columns are read; dotted names
/// are nested objects.
///
///     var reader = NDJSONReader(schema: schema)
///     reader.feed(bytes.span)                     // any split of the input, as often as there is some
///     while let batch = reader.nextBatch() { … }
///     reader.finish()                             // the last line may lack its newline
///     while let batch = reader.nextBatch() { … }
///
/// A line that is no JSON object is skipped, counted and named in `report`. A value that does not fit its column's type
/// is null there and goes, as JSON, into the object in column `_unfit`, if the schema has that; a line's own `_unfit` is
/// added to it. Of keys that come twice
/// in a line the first counts. Integers in timestamp columns are milliseconds since 1970. Numbers and booleans in
/// string columns are taken as their text.
public struct NDJSONReader: ~Copyable {
    /// The json column for values that do not fit the type of theirs.
    public static let unfitColumn = "_unfit"

    /// The text between two looks for tokens; it stays in the processor's cache.
    private static let pieceBytes = 128 << 10

    public let schema: Schema
    public internal(set) var report = ReadReport()

    let options: NDJSONOptions
    let unfitIndex: Int?
    /// The same, to compare a column with; -2 where there is none.
    let unfitPlace: Int32
    var builder: BatchBuilder
    var paths: JSONPaths
    /// What did not fit in the row at work: an object without its end.
    var unfit: [UInt8] = []
    var scratch: [UInt8] = []
    var times = RepeatedTimes()
    var ordinal = 0
    private var index = JSONIndex()
    /// The beginning of a line whose end has not come.
    private var tail: [UInt8] = []
    /// A line is over the limit; what comes of it is dropped.
    private var isDropping = false
    private var ready: [Batch] = []

    public init(schema: Schema, options: NDJSONOptions = NDJSONOptions()) {
        self.schema = schema
        self.options = options
        self.builder = BatchBuilder(schema: schema, capacity: options.batchRows)
        self.paths = JSONPaths(schema: schema)
        let unfit = schema.index(of: Self.unfitColumn)
        self.unfitIndex = unfit.flatMap { schema.fields[$0].type == .json ? $0 : nil }
        self.unfitPlace = unfitIndex.map { Int32($0) } ?? -2
    }

    /// Takes the next bytes of the input. Whole lines are read at once, the rest waits.
    public mutating func feed(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { feed($0) }
    }

    /// The input has ended: reads a last line without newline and closes the last batch.
    public mutating func finish() {
        if isDropping { noteTooLong() }
        if !tail.isEmpty {
            let line = tail
            tail = []
            line.withUnsafeBufferPointer { readPiece($0) }
        }
        if builder.rowCount > 0 { ready.append(builder.finish()) }
    }

    /// The next full batch, or after `finish()` the last one.
    public mutating func nextBatch() -> Batch? {
        ready.isEmpty ? nil : ready.removeFirst()
    }

    /// What is read so far and in no batch yet, when the input pauses and someone waits for it.
    public mutating func flush() {
        if builder.rowCount > 0 { ready.append(builder.finish()) }
    }

    private mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes
        if isDropping || !tail.isEmpty {
            guard let newline = rest.span.firstIndex(of: 0x0a) else {
                keep(rest)
                return
            }
            keep(UnsafeBufferPointer(rebasing: rest[...newline]))
            rest = UnsafeBufferPointer(rebasing: rest[(newline + 1)...])
            endTail()
        }
        while !rest.isEmpty {
            let end = Self.endOfLines(rest)
            if end == 0 {
                keep(rest)
                return
            }
            readPiece(UnsafeBufferPointer(rebasing: rest[..<end]))
            rest = UnsafeBufferPointer(rebasing: rest[end...])
        }
    }

    /// After the last newline within one piece, or after the first newline when a line is longer; 0 when there is none.
    private static func endOfLines(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var end = min(bytes.count, pieceBytes)
        while end > 0, bytes[end - 1] != 0x0a { end -= 1 }
        if end == 0, bytes.count > pieceBytes, let newline = bytes.span.firstIndex(of: 0x0a, from: pieceBytes) {
            return newline + 1
        }
        return end
    }

    private mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>) {
        if !isDropping, tail.count + bytes.count <= options.maximumLineBytes {
            tail.append(contentsOf: bytes)
            return
        }
        isDropping = true
        report.bytes += tail.count + bytes.count
        tail.removeAll(keepingCapacity: false)
    }

    private mutating func endTail() {
        if isDropping {
            noteTooLong()
            return
        }
        let line = tail
        tail.removeAll(keepingCapacity: true)
        line.withUnsafeBufferPointer { readPiece($0) }
    }

    private mutating func noteTooLong() {
        isDropping = false
        report.lines += 1
        report.note(line: report.lines, offset: report.bytes, JSONFault.tooLong.reason)
    }

    /// Whole lines. One look for tokens serves them all, unless one of them has a string that does not end or bytes that
    /// are no UTF-8; then each line is looked at alone.
    private mutating func readPiece(_ bytes: UnsafeBufferPointer<UInt8>) {
        do throws(JSONIndex.Failure) {
            var cursor = try index.scan(bytes)
            cursor.maximumDepth = min(options.maximumDepth, 64)
            forEachLine(bytes) { reader, range in reader.readLine(&cursor, range) }
        } catch {
            forEachLine(bytes) { reader, range in
                reader.readAlone(UnsafeBufferPointer(rebasing: bytes[range]), repairing: false)
            }
        }
    }

    private mutating func forEachLine(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: (inout Self, Range<Int>) -> Void
    ) {
        var start = 0
        while start < bytes.count {
            let newline = bytes.span.firstIndex(of: 0x0a, from: start)
            let end = newline ?? bytes.count
            report.lines += 1
            if end - start > options.maximumLineBytes {
                report.note(line: report.lines, offset: report.bytes, JSONFault.tooLong.reason)
            } else if end > start {
                body(&self, start..<end)
            }
            report.bytes += end - start + (newline == nil ? 0 : 1)
            start = end + 1
            if builder.rowCount >= options.batchRows { ready.append(builder.finish()) }
        }
    }

    private mutating func readAlone(_ line: UnsafeBufferPointer<UInt8>, repairing: Bool) {
        do throws(JSONIndex.Failure) {
            var cursor = try index.scan(line)
            cursor.maximumDepth = min(options.maximumDepth, 64)
            readLine(&cursor, 0..<line.count)
        } catch {
            switch error {
            case .empty: break
            case .utf8 where !repairing:
                report.repairedLines += 1
                let repaired = Array(String(decoding: line, as: UTF8.self).utf8)
                repaired.withUnsafeBufferPointer { readAlone($0, repairing: true) }
            case .utf8: note(.utf8)
            case .string: note(.string)
            case .memory: note(.memory)
            case .other: note(.badValue)
            }
        }
    }

    private func isBlank(_ cursor: JSONCursor, _ line: Range<Int>) -> Bool {
        cursor.position >= line.upperBound
    }

    private mutating func readLine(_ cursor: inout JSONCursor, _ line: Range<Int>) {
        cursor.lineEnd = line.upperBound
        cursor.move(to: line.lowerBound)
        if isBlank(cursor, line) { return }
        let first = cursor.index
        do throws(JSONFault) {
            ordinal = 0
            guard cursor.token == UInt8(ascii: "{") else { throw .notAnObject }
            try readObject(&cursor, node: 0, depth: 1)
            if cursor.position < line.upperBound { throw .trailing }
            endRow()
        } catch {
            builder.discardRow()
            unfit.removeAll(keepingCapacity: true)
            note(error)
            // A line that breaks off may have led the walk to its end or short of it.
            cursor.restart(at: first)
            cursor.move(to: line.upperBound)
        }
    }

    private mutating func endRow() {
        if !unfit.isEmpty {
            unfit.append(UInt8(ascii: "}"))
            if let unfitIndex { builder[unfitIndex].append(bytes: unfit) }
            unfit.removeAll(keepingCapacity: true)
        }
        builder.endRow()
        report.rows += 1
    }

    private mutating func note(_ fault: JSONFault) {
        report.note(line: report.lines, offset: report.bytes, fault.reason)
    }
}
