import Bytes
import Columns
import HTTPWire
import Reactor
import Upstream

/// Turns a block of rows into a batch, column by column. Runs on the event thread. Its string builders are kept from
/// block to block, because they learn which columns repeat.
struct EventColumns: ~Copyable {
    private let edgeName: String
    /// For as many rows as the last block had.
    private var nulls = NullColumns(count: 0)
    private var edge: Column?
    private var method = ColumnBuilder(type: .string, capacity: 4096)
    private var domain = ColumnBuilder(type: .string, capacity: 4096)
    private var path = ColumnBuilder(type: .string, capacity: 4096)
    private var query = ColumnBuilder(type: .string, capacity: 4096)
    private var userAgent = ColumnBuilder(type: .string, capacity: 4096)
    private var referrer = ColumnBuilder(type: .string, capacity: 4096)
    private var mimeType = ColumnBuilder(type: .string, capacity: 4096)
    private var rule = ColumnBuilder(type: .string, capacity: 4096)

    private static let outcomes = texts(CacheOutcome.allCases.map(\.text))
    private static let details = texts(CacheStatus.Forward.allCases.map(\.token))
    private static let versions = texts(["1.1", "1.0", "2"])
    private static let schemes = texts(["http", "https"])

    init(edgeName: String) {
        self.edgeName = edgeName
    }

    mutating func batch(_ block: EventBlock) -> Batch {
        block.unfold()
        let rows = block.rows
        if nulls.count != rows.count { nulls = NullColumns(count: rows.count) }
        block.nulls = nulls
        let columns: [Column] = [
            Column(
                type: .timestamp, count: rows.count, validity: nil,
                storage: .int64(Self.integers(rows) { $0.timestamp })),
            Self.always(rows) { $0.durationNanoseconds },
            edgeColumn(rows.count),
            Column(
                type: .int64, count: rows.count, validity: nil,
                storage: .int64(Array(repeating: Int64(block.worker), count: rows.count))),
            Self.addresses(rows),
            Self.always(rows) { Int64($0.clientPort) },
            Self.strings(&method, block) { $0.method },
            Self.coded(block, EventColumns.schemes, { $0.isSecure ? 1 : 0 }, isNull: { !$0.hasRequest }),
            Self.strings(&domain, block) { $0.domain },
            Self.strings(&path, block) { $0.path },
            Self.strings(&query, block) { $0.query },
            Self.coded(block, EventColumns.versions, { UInt32($0.version.rawValue) }, isNull: { !$0.hasRequest }),
            Self.always(rows) { Int64($0.status) },
            Self.always(rows) { $0.requestBytes },
            Self.always(rows) { $0.requestBodyBytes },
            Self.always(rows) { Int64($0.requestHeaderBytes) },
            Self.always(rows) { $0.responseBytes },
            Self.always(rows) { $0.responseBodyBytes },
            Self.always(rows) { Int64($0.responseHeaderBytes) },
            Self.optional(block) { $0.firstByteNanoseconds },
            Self.coded(block, EventColumns.outcomes, { UInt32($0.cacheStatus.rawValue) }, isNull: nil),
            Self.coded(
                block, EventColumns.details, { UInt32($0.forward?.rawValue ?? 0) }, isNull: { $0.forward == nil }),
            Self.optional(block) { Int64($0.ageSeconds) },
            Self.originNames(block),
            Self.listed(block, optional: block.origins.map { $0.address?.description }) { $0.origin },
            Self.listed(block, block.origins.map { $0.endpoint?.name ?? "" }) { $0.origin },
            Self.listed(block, block.origins.map { ($0.endpoint?.tier ?? .origin).text }) { $0.origin },
            Self.listed(block, optional: block.origins.map { $0.version?.text }) { $0.origin },
            Self.ofOrigin(block) { $0.originStatus == 0 ? -1 : Int64($0.originStatus) },
            Self.ofOrigin(block) { $0.originConnectNanoseconds },
            Self.ofOrigin(block) { $0.originFirstByteNanoseconds },
            Self.ofOrigin(block) { $0.originNanoseconds },
            Self.ofOrigin(block) { $0.origin == 0 ? -1 : Int64($0.originRetries) },
            Self.strings(&userAgent, block) { $0.userAgent },
            Self.strings(&referrer, block) { $0.referrer },
            Self.strings(&mimeType, block) { $0.mimeType },
            Self.errors(block) { $0.code },
            Self.errors(block) { $0.message },
            Self.errors(block) { $0.fault.rawValue },
            Self.pages(block) { $0.append(string: $1.name) },
            Self.pages(block) { $0.append(string: $1.parent) },
            Self.pageNumbers(block) { $0.includes },
            Self.pageNumbers(block) { $0.includes < 0 ? -1 : $0.failed },
            Self.pageNumbers(block) { $0.includes < 0 ? -1 : $0.bytes },
            Self.pageNumbers(block) { $0.slowestNanoseconds },
            Self.pages(block) { $0.append(bytes: $1.slowestURL) },
            Self.pageNumbers(block) { $0.includes < 0 ? -1 : $0.refused },
            Self.pages(block) { $0.append(string: $1.errorCode) },
            Self.pages(block) { $0.append(string: $1.errorMessage) },
            Self.handshakes(block) { $0.version },
            Self.handshakes(block) { $0.cipher },
            Self.resumptions(block),
            Self.handshakes(block) { $0.applicationProtocol },
            Self.handshakes(block) { $0.serverName },
            Self.handshakes(block) { $0.peer?.subject },
            Self.handshakes(block) { $0.peer?.issuer },
            Self.handshakes(block) { $0.peer?.fingerprint },
            Self.strings(&rule, block) { $0.rules },
        ]
        return Batch(schema: RequestEventSchema.schema, rowCount: rows.count, columns: columns)
    }

    // MARK: Numbers

    private static func integers(_ rows: [EventRow], _ value: (borrowing EventRow) -> Int64) -> [Int64] {
        let rows = rows.span
        return [Int64](capacity: rows.count) { out in
            for index in rows.indices { out.append(value(rows[index])) }
        }
    }

    private static func always(_ rows: [EventRow], _ value: (borrowing EventRow) -> Int64) -> Column {
        Column(type: .int64, count: rows.count, validity: nil, storage: .int64(integers(rows, value)))
    }

    /// Negative values are null.
    static func optional(_ block: EventBlock, _ value: (borrowing EventRow) -> Int64) -> Column {
        let rows = block.rows
        guard block.hasRow({ value($0) >= 0 }) else { return block.nulls.number }
        var values = integers(rows, value)
        var words = [UInt64](repeating: 0, count: (rows.count + 63) / 64)
        var present = 0
        for index in values.indices {
            if values[index] < 0 {
                values[index] = 0
            } else {
                words[index >> 6] |= 1 << UInt64(index & 63)
                present += 1
            }
        }
        let validity = present == rows.count ? nil : Bitmap(words: words, count: rows.count)
        return Column(type: .int64, count: rows.count, validity: validity, storage: .int64(values))
    }

    /// Of blocks without an origin no row has to be looked at to say so.
    private static func ofOrigin(_ block: EventBlock, _ value: (borrowing EventRow) -> Int64) -> Column {
        block.origins.isEmpty ? block.nulls.number : optional(block, value)
    }

    private static func addresses(_ rows: [EventRow]) -> Column {
        let span = rows.span
        let values = [IPAddress](capacity: rows.count) { out in
            for index in span.indices {
                out.append(IPAddress(high: span[index].clientHigh, low: span[index].clientLow))
            }
        }
        return Column(type: .ip, count: rows.count, validity: nil, storage: .ip(values))
    }

    // MARK: Texts

    private static func strings(
        _ builder: inout ColumnBuilder, _ block: EventBlock, _ text: (borrowing EventRow) -> EventRow.Text
    ) -> Column {
        guard block.hasRow({ text($0).length != EventRow.Text.null }) else { return block.nulls.text }
        return fill(&builder, block.rows, block.text, text)
    }

    private static func fill(
        _ builder: inout ColumnBuilder, _ rows: [EventRow], _ texts: borrowing ByteArena,
        _ text: (borrowing EventRow) -> EventRow.Text
    ) -> Column {
        // One row after the other has most texts in common, fragments of a page above all.
        let rows = rows.span
        var row = 0
        while row < rows.count {
            let range = text(rows[row])
            var end = row + 1
            while end < rows.count, text(rows[end]) == range { end += 1 }
            if range.length == EventRow.Text.null {
                builder.appendNull()
            } else {
                builder.append(bytes: texts.span(offset: Int(range.offset), count: Int(range.length)))
            }
            if end > row + 1 { builder.repeatLast(times: end - row - 1) }
            row = end
        }
        return builder.finish()
    }

    /// A column whose values are known beforehand: no hashing.
    static func coded(
        _ block: EventBlock, _ values: ByteStrings, _ code: (borrowing EventRow) -> UInt32,
        isNull: ((borrowing EventRow) -> Bool)?
    ) -> Column {
        let rows = block.rows
        if let isNull, !block.hasRow({ !isNull($0) }) { return block.nulls.text }
        let span = rows.span
        let codes = [UInt32](capacity: rows.count) { out in
            for index in span.indices { out.append(code(span[index])) }
        }
        var validity: Bitmap?
        if let isNull {
            var words = [UInt64](repeating: 0, count: (rows.count + 63) / 64)
            var nulls = 0
            for index in span.indices {
                if isNull(span[index]) { nulls += 1 } else { words[index >> 6] |= 1 << UInt64(index & 63) }
            }
            if nulls > 0 { validity = Bitmap(words: words, count: rows.count) }
        }
        return Column(
            type: .string, count: rows.count, validity: validity, storage: .dictionary(codes: codes, values: values))
    }

    private mutating func edgeColumn(_ count: Int) -> Column {
        if let edge, edge.count == count { return edge }
        var values = ByteStrings()
        values.append(edgeName.utf8)
        let made = Column(
            type: .string, count: count, validity: nil,
            storage: .dictionary(codes: Array(repeating: 0, count: count), values: values))
        edge = made
        return made
    }

    private static func originNames(_ block: EventBlock) -> Column {
        listed(block, block.origins.map(\.name)) { $0.origin }
    }

    private static func errors(_ block: EventBlock, _ text: (EventBlock.ErrorNote) -> String) -> Column {
        listed(block, block.errors.map(text)) { $0.error }
    }

    private static func handshakes(_ block: EventBlock, _ text: (TLSFacts) -> String?) -> Column {
        listed(block, optional: block.handshakes.map(text)) { $0.tls }
    }

    private static func resumptions(_ block: EventBlock) -> Column {
        let rows = block.rows
        guard !block.handshakes.isEmpty else { return block.nulls.flag }
        var values = Bitmap(repeating: false, count: rows.count)
        var validity = Bitmap(repeating: false, count: rows.count)
        for (index, row) in rows.enumerated() where row.tls != 0 {
            validity[index] = true
            values[index] = block.handshakes[Int(row.tls) - 1].isResumed
        }
        return Column(type: .bool, count: rows.count, validity: validity, storage: .bool(values))
    }

    /// Values by index + 1, 0 for null.
    private static func listed(
        _ block: EventBlock, optional values: [String?], _ index: @escaping (borrowing EventRow) -> UInt16
    ) -> Column {
        let column = listed(block, values.map { $0 ?? "" }, index)
        guard values.contains(where: { $0 == nil }) else { return column }
        var validity = column.validity ?? Bitmap(repeating: true, count: column.count)
        for (number, row) in block.rows.enumerated() where index(row) != 0 && values[Int(index(row)) - 1] == nil {
            validity[number] = false
        }
        return Column(type: .string, count: column.count, validity: validity, storage: column.storage)
    }

    private static func listed(
        _ block: EventBlock, _ values: [String], _ index: @escaping (borrowing EventRow) -> UInt16
    ) -> Column {
        guard !values.isEmpty else { return block.nulls.text }
        var list = ByteStrings()
        for value in values { list.append(value.utf8) }
        return coded(block, list, { UInt32(max(1, index($0))) - 1 }, isNull: { index($0) == 0 })
    }

    private static func texts(_ values: [StaticString]) -> ByteStrings {
        var list = ByteStrings()
        for value in values { value.withUTF8Buffer { list.append($0) } }
        return list
    }
}
