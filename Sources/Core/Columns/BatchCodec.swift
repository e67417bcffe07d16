import Bytes

/// Batches as bytes, on disk and on the wire. Each column is readable alone: a header tells where it lies, so a reader
/// that wants two columns of forty touches the bytes of two.
///
///     version (1 byte), rows, columns (varints)
///     for each column: name (varint length, bytes), type (1 byte; a decimal's is followed by its scale, 1 byte),
///                      encoding, compression, validity (1 byte each), bytes before compression, bytes stored (varints)
///     the columns' bytes, one column after the other
///
/// A column's bytes are its validity bitmap, if it has one, and its values by `ColumnEncoding`. Integers are little
/// endian. Version 2 is version 1 with decimals, and is written only where there are some.
public enum BatchCodec {
    static let version: UInt8 = 2
    static let versionWithoutDecimals: UInt8 = 1

    /// The batch as bytes. A column is compressed only where that saves an eighth or more.
    public static func encode(_ batch: Batch, compression: Compression = .lz4) -> [UInt8] {
        var encoder = BatchEncoder(compression: compression)
        return encoder.encode(batch)
    }

    /// The batch that the bytes hold.
    /// - Parameter columns: the columns to read, in the order wanted; those that the bytes do not hold are left out.
    ///   `nil` reads all.
    /// - Throws: `CodecError` for whatever is no batch. Never traps, and never takes more memory than `limits` say.
    public static func decode(
        _ bytes: Span<UInt8>, columns: [String]? = nil, limits: BatchCodecLimits = BatchCodecLimits()
    ) throws(CodecError) -> Batch {
        try bytes.withUnsafeBytes { (raw) throws(CodecError) -> Batch in
            var decoder = BatchDecoder(bytes: raw, limits: limits)
            try decoder.readHeader()
            return try decoder.batch(columns: columns)
        }
    }

    /// The columns of `schema`, with nulls where the bytes hold no column of that name and type.
    /// - Throws: as `decode(_:columns:limits:)`.
    public static func decode(
        _ bytes: Span<UInt8>, schema: Schema, limits: BatchCodecLimits = BatchCodecLimits()
    ) throws(CodecError) -> Batch {
        try bytes.withUnsafeBytes { (raw) throws(CodecError) -> Batch in
            var decoder = BatchDecoder(bytes: raw, limits: limits)
            try decoder.readHeader()
            return try decoder.batch(schema: schema)
        }
    }

    /// The names, types and number of rows, without reading a column.
    /// - Throws: as `decode(_:columns:limits:)`.
    public static func header(
        _ bytes: Span<UInt8>, limits: BatchCodecLimits = BatchCodecLimits()
    ) throws(CodecError) -> (schema: Schema, rowCount: Int) {
        try bytes.withUnsafeBytes { (raw) throws(CodecError) -> (schema: Schema, rowCount: Int) in
            var decoder = BatchDecoder(bytes: raw, limits: limits)
            try decoder.readHeader()
            return (Schema(decoder.headers.map { Field($0.name, $0.type) }), decoder.rowCount)
        }
    }

    /// Where the bytes of each column lie, in the order of the columns; the first begins where the header ends. For
    /// readers that fetch only the columns they want: of `bytes` only the header need be there, at full length.
    /// - Throws: as `decode(_:columns:limits:)`.
    public static func columnRanges(
        _ bytes: Span<UInt8>, limits: BatchCodecLimits = BatchCodecLimits()
    ) throws(CodecError) -> [(name: String, range: Range<Int>)] {
        try bytes.withUnsafeBytes { (raw) throws(CodecError) -> [(name: String, range: Range<Int>)] in
            var decoder = BatchDecoder(bytes: raw, limits: limits)
            try decoder.readHeader()
            return decoder.headers.map { ($0.name, $0.stored) }
        }
    }
}
