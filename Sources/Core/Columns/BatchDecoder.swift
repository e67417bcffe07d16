import Bytes
import CLZ4
import CZstd

/// Reads one batch out of bytes that may lie.
struct BatchDecoder {
    struct Header {
        var name: String
        var type: FieldType
        var encoding: ColumnEncoding
        var compression: Compression
        var hasBitmap: Bool
        var rawCount: Int
        var stored: Range<Int>
    }

    private static let maximumNameBytes = 1024

    private let bytes: UnsafeRawBufferPointer
    private let limits: BatchCodecLimits
    private(set) var rowCount = 0
    private(set) var headers: [Header] = []
    /// Memory that may still be taken for columns.
    private var budget: Int

    init(bytes: UnsafeRawBufferPointer, limits: BatchCodecLimits) {
        self.bytes = bytes
        self.limits = limits
        self.budget = limits.maximumDecodedBytes
    }

    mutating func readHeader() throws(CodecError) {
        var reader = BoundedReader(bytes)
        let version = try reader.byte()
        guard version >= BatchCodec.versionWithoutDecimals, version <= BatchCodec.version else {
            throw CodecError(
                .unsupportedVersion, "batch version \(version), this program reads up to \(BatchCodec.version)")
        }
        rowCount = try reader.varint(upTo: limits.maximumRows, "number of rows")
        let columnCount = try reader.varint(upTo: limits.maximumColumns, "number of columns")
        var start = 0
        headers.reserveCapacity(min(columnCount, 64))
        var names = Set<String>()
        for _ in 0..<columnCount {
            var header = try Self.columnHeader(&reader, version: version, limits: limits)
            guard names.insert(header.name).inserted else {
                throw CodecError(.malformed, "two columns of that name", column: header.name)
            }
            header.stored = start..<start + header.stored.count
            start = header.stored.upperBound
            headers.append(header)
        }
        guard reader.remaining == start else {
            throw CodecError(.truncated, "columns of \(start) bytes announced, \(reader.remaining) there")
        }
        for index in headers.indices {
            let stored = headers[index].stored
            headers[index].stored = stored.lowerBound + reader.position..<stored.upperBound + reader.position
        }
    }

    private static func columnHeader(
        _ reader: inout BoundedReader, version: UInt8, limits: BatchCodecLimits
    ) throws(CodecError) -> Header {
        let nameCount = try reader.varint(upTo: maximumNameBytes, "length of a column's name")
        let name = String(decoding: try reader.take(nameCount), as: UTF8.self)
        let number = try reader.byte()
        let canBeDecimal = version > BatchCodec.versionWithoutDecimals && number == FieldType.decimalNumber
        guard let type = FieldType(number: number, scale: canBeDecimal ? try reader.byte() : nil) else {
            throw CodecError(.malformed, "unknown type", column: name)
        }
        guard let encoding = ColumnEncoding(rawValue: try reader.byte()) else {
            throw CodecError(.malformed, "unknown encoding", column: name)
        }
        guard let compression = Compression(rawValue: try reader.byte()) else {
            throw CodecError(.malformed, "unknown compression", column: name)
        }
        let bitmap = try reader.byte()
        guard bitmap <= 1 else { throw CodecError(.malformed, "unknown form of validity", column: name) }
        let rawCount = try reader.varint(upTo: limits.maximumDecodedBytes, "size of a column")
        let storedCount = try reader.varint(upTo: reader.bytes.count, "stored size of a column")
        guard compression != .none || rawCount == storedCount else {
            throw CodecError(.malformed, "two sizes and no compression", column: name)
        }
        return Header(
            name: name, type: type, encoding: encoding, compression: compression, hasBitmap: bitmap == 1,
            rawCount: rawCount, stored: 0..<storedCount)
    }

    mutating func batch(columns names: [String]?) throws(CodecError) -> Batch {
        var wanted: [Header] = headers
        if let names {
            wanted = []
            for name in names {
                guard let header = headers.first(where: { $0.name == name }) else { continue }
                if !wanted.contains(where: { $0.name == name }) { wanted.append(header) }
            }
        }
        var columns: [Column] = []
        for header in wanted { columns.append(try column(header)) }
        return Batch(schema: Schema(wanted.map { Field($0.name, $0.type) }), rowCount: rowCount, columns: columns)
    }

    mutating func batch(schema: Schema) throws(CodecError) -> Batch {
        var columns: [Column] = []
        for (index, field) in schema.fields.enumerated() {
            // A topic's frames mostly have its schema, so the same place is the best guess.
            var found: Header?
            if index < headers.count, headers[index].name == field.name {
                found = headers[index]
            } else {
                found = headers.first { $0.name == field.name }
            }
            if let header = found, header.type == field.type {
                columns.append(try column(header))
            } else {
                try spend(rowCount * 16, field.name)
                columns.append(Column.nulls(field.type, count: rowCount))
            }
        }
        return Batch(schema: schema, rowCount: rowCount, columns: columns)
    }

    private mutating func column(_ header: Header) throws(CodecError) -> Column {
        // Twice the encoded size for what is decompressed and copied, and the widest fixed slot for each row; decimals
        // come out of 64-bit integers.
        try spend(header.rawCount * 2 + rowCount * (header.type.decimalScale == nil ? 16 : 24) + 64, header.name)
        do throws(CodecError) {
            let stored = UnsafeRawBufferPointer(rebasing: bytes[header.stored])
            if header.compression == .none { return try ColumnDecoder.column(header, stored, rowCount: rowCount) }
            let raw = try Self.decompress(stored, header)
            return try raw.span.withUnsafeBytes { (bytes) throws(CodecError) -> Column in
                try ColumnDecoder.column(header, bytes, rowCount: rowCount)
            }
        } catch {
            throw CodecError(error.code, error.message, column: header.name)
        }
    }

    private mutating func spend(_ count: Int, _ name: String) throws(CodecError) {
        budget -= count
        if budget < 0 {
            throw CodecError(.limitExceeded, "more than \(limits.maximumDecodedBytes) bytes of memory", column: name)
        }
    }

    private static func decompress(_ stored: UnsafeRawBufferPointer, _ header: Header) throws(CodecError) -> [UInt8] {
        // Neither packs better than this; a header that claims more is lying about memory.
        guard header.rawCount <= (stored.count + 64) * (header.compression == .lz4 ? 256 : 65_536),
            header.rawCount <= Int(Int32.max), stored.count <= Int(Int32.max)
        else { throw CodecError(.malformed, "sizes that do not fit each other") }
        var count = -1
        let raw = [UInt8](unsafeUninitializedCapacity: header.rawCount) { buffer, initialized in
            count = decompress(stored, into: UnsafeMutableRawBufferPointer(buffer), by: header.compression)
            initialized = max(count, 0)
        }
        guard count == header.rawCount else { throw CodecError(.malformed, "the compressed bytes are damaged") }
        return raw
    }

    private static func decompress(
        _ stored: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, by compression: Compression
    ) -> Int {
        switch compression {
        case .none: return -1
        case .lz4:
            let from = stored.bindMemory(to: CChar.self)
            let to = target.bindMemory(to: CChar.self)
            return Int(LZ4_decompress_safe(from.baseAddress, to.baseAddress, Int32(from.count), Int32(to.count)))
        case .zstd:
            let count = ZSTD_decompress(target.baseAddress, target.count, stored.baseAddress, stored.count)
            return ZSTD_isError(count) != 0 ? -1 : count
        }
    }
}
