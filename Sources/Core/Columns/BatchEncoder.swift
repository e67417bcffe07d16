import Bytes
import CLZ4
import CZstd

/// Writes one batch. Column bytes gather in `body`, what tells where they lie in `header`.
struct BatchEncoder {
    private static let zstdLevel: Int32 = 3
    /// Fewer bytes than this are not worth the attempt.
    private static let minimumBytesToCompress = 128

    private let compression: Compression
    private var header: [UInt8] = []
    private var body: [UInt8] = []
    /// The bytes of the column at work.
    private var raw: [UInt8] = []

    init(compression: Compression) {
        self.compression = compression
    }

    mutating func encode(_ batch: Batch) -> [UInt8] {
        let hasDecimals = batch.columns.contains { $0.type.decimalScale != nil }
        header.append(hasDecimals ? BatchCodec.version : BatchCodec.versionWithoutDecimals)
        Varint.append(UInt64(batch.rowCount), to: &header)
        Varint.append(UInt64(batch.columns.count), to: &header)
        for (field, column) in zip(batch.schema.fields, batch.columns) { encode(column, name: field.name) }
        header.reserveCapacity(header.count + body.count)
        header.append(contentsOf: body)
        return header
    }

    private mutating func encode(_ column: Column, name: String) {
        raw.removeAll(keepingCapacity: true)
        var encoding = ColumnEncoding.allNull
        var hasBitmap = false
        let nulls = column.nullCount
        if nulls < column.count || column.count == 0 {
            if nulls > 0, let validity = column.validity {
                hasBitmap = true
                validity.words.withUnsafeBytes { raw.append(contentsOf: $0) }
            }
            encoding = appendValues(column, validity: nulls > 0 ? column.validity : nil)
        }
        let stored = store()
        let utf8 = name.utf8
        Varint.append(UInt64(utf8.count), to: &header)
        header.append(contentsOf: utf8)
        header.append(column.type.number)
        if case .decimal(let scale) = column.type { header.append(scale) }
        header.append(encoding.rawValue)
        header.append(stored.compression.rawValue)
        header.append(hasBitmap ? 1 : 0)
        Varint.append(UInt64(raw.count), to: &header)
        Varint.append(UInt64(stored.count), to: &header)
    }

    private mutating func appendValues(_ column: Column, validity: Bitmap?) -> ColumnEncoding {
        switch column.storage {
        case .bool(let values): return ColumnEncoder.appendBools(values, to: &raw)
        case .int64(let values): return ColumnEncoder.appendIntegers(values, validity: validity, to: &raw)
        case .float64(let values): return ColumnEncoder.appendDoubles(values, to: &raw)
        case .ip(let values): return ColumnEncoder.appendAddresses(values, validity: validity, to: &raw)
        case .decimal(let values): return ColumnEncoder.appendDecimals(values, validity: validity, to: &raw)
        case .byteStrings(let values):
            ColumnEncoder.appendStrings(values, to: &raw)
            return .plain
        case .dictionary(let codes, let values): return ColumnEncoder.appendDictionary(codes, values, to: &raw)
        }
    }

    /// Appends `raw` to `body`, compressed where that pays.
    private mutating func store() -> (compression: Compression, count: Int) {
        let start = body.count
        let limit = raw.count - raw.count / 8
        if compression != .none, raw.count >= Self.minimumBytesToCompress, raw.count <= Int(Int32.max) {
            let source = raw
            let compression = compression
            let written = body.appendUninitialized(capacity: limit) { target in
                source.withUnsafeBytes { Self.compress($0, into: target, by: compression) }
            }
            if written > 0 { return (compression, written) }
        }
        body.append(contentsOf: raw)
        return (.none, body.count - start)
    }

    /// - Returns: the bytes written; 0 when they do not fit.
    private static func compress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, by compression: Compression
    ) -> Int {
        switch compression {
        case .none: return 0
        case .lz4:
            let from = source.bindMemory(to: CChar.self)
            let to = target.bindMemory(to: CChar.self)
            return Int(LZ4_compress_default(from.baseAddress, to.baseAddress, Int32(from.count), Int32(to.count)))
        case .zstd:
            let count = ZSTD_compress(
                target.baseAddress, target.count, source.baseAddress, source.count, zstdLevel)
            return ZSTD_isError(count) != 0 ? 0 : count
        }
    }
}

extension [UInt8] {
    /// Appends what `body` writes into `capacity` bytes of room; it returns how many it wrote.
    mutating func appendUninitialized(capacity: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        var written = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            written = body(UnsafeMutableRawBufferPointer(buffer))
            count = written
        }
        append(contentsOf: chunk)
        return written
    }
}
