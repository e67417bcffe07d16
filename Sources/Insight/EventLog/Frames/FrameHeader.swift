import Bytes

/// The 64 bytes before the columns of a frame, little-endian:
///
///     at  0  magic        "SQLF"
///         4  version      1
///         5  codec        0 none, 1 lz4, 2 zstd
///         6  flags        bit 0: the times are of arrival, the batch had no `@timestamp`
///         8  CRC-32C      of this header with these four bytes left out
///        12  payload      bytes after the header
///        16  CRC-32C      of the directory
///        20  schema       the version of the topic's schema
///        24  rows
///        28  directory    bytes of the payload before the columns (see `FrameCodec`)
///        32  base offset  of the first row
///        40  time, least  microseconds since 1970
///        48  time, most
///        56  time of arrival
struct FrameHeader: Equatable {
    static let size = 64
    static let magic: UInt32 = 0x464C_5153  // "SQLF" in the file
    static let version: UInt8 = 1

    var codec: UInt8 = 0
    var hasArrivalTimes = false
    var payloadLength = 0
    var directoryChecksum: UInt32 = 0
    var schemaVersion = 0
    var rowCount = 0
    var directoryLength = 0
    var baseOffset: Int64 = 0
    var minimumTime: Int64 = 0
    var maximumTime: Int64 = 0
    var arrivalTime: Int64 = 0

    var nextOffset: Int64 { baseOffset + Int64(rowCount) }
    var frameLength: Int { FrameHeader.size + payloadLength }
    var times: ClosedRange<Int64> { minimumTime...maximumTime }

    /// Writes over the first 64 bytes of `buffer[position...]`.
    func write(into buffer: inout [UInt8], at position: Int) {
        buffer.store(FrameHeader.magic, at: position)
        buffer[position + 4] = FrameHeader.version
        buffer[position + 5] = codec
        buffer.store(UInt16(hasArrivalTimes ? 1 : 0), at: position + 6)
        buffer.store(UInt32(payloadLength), at: position + 12)
        buffer.store(directoryChecksum, at: position + 16)
        buffer.store(UInt32(schemaVersion), at: position + 20)
        buffer.store(UInt32(rowCount), at: position + 24)
        buffer.store(UInt32(directoryLength), at: position + 28)
        buffer.store(baseOffset, at: position + 32)
        buffer.store(minimumTime, at: position + 40)
        buffer.store(maximumTime, at: position + 48)
        buffer.store(arrivalTime, at: position + 56)
        let checksum = FrameHeader.checksum(buffer.span.extracting(position..<position + FrameHeader.size))
        buffer.store(checksum, at: position + 8)
    }

    /// Reads a header. `nil` when the bytes are too few, are not a header, or are damaged.
    /// - Parameter frameBytes: The longest payload believed.
    init?(_ bytes: Span<UInt8>, frameBytes: Int) {
        guard bytes.count >= FrameHeader.size, bytes.load(UInt32.self, at: 0) == FrameHeader.magic,
            bytes[4] == FrameHeader.version,
            bytes.load(UInt32.self, at: 8) == FrameHeader.checksum(bytes.extracting(0..<FrameHeader.size))
        else { return nil }
        self.codec = bytes[5]
        self.hasArrivalTimes = bytes.load(UInt16.self, at: 6) & 1 != 0
        self.payloadLength = Int(bytes.load(UInt32.self, at: 12))
        self.directoryChecksum = bytes.load(UInt32.self, at: 16)
        self.schemaVersion = Int(bytes.load(UInt32.self, at: 20))
        self.rowCount = Int(bytes.load(UInt32.self, at: 24))
        self.directoryLength = Int(bytes.load(UInt32.self, at: 28))
        self.baseOffset = bytes.load(Int64.self, at: 32)
        self.minimumTime = bytes.load(Int64.self, at: 40)
        self.maximumTime = bytes.load(Int64.self, at: 48)
        self.arrivalTime = bytes.load(Int64.self, at: 56)
        // A checksum guards against accidents; these guard against bytes made to pass it.
        guard payloadLength <= frameBytes, directoryLength <= payloadLength,
            directoryLength >= FrameCodec.directoryStart, rowCount > 0, baseOffset >= 0,
            baseOffset <= Int64.max - Int64(rowCount), minimumTime <= maximumTime
        else { return nil }
    }

    init() {}

    private static func checksum(_ header: Span<UInt8>) -> UInt32 {
        CRC32C.extend(CRC32C.checksum(header.extracting(0..<8)), with: header.extracting(12..<size))
    }
}

extension Span where Element == UInt8 {
    /// A little-endian integer.
    func load<Value: FixedWidthInteger>(_ type: Value.Type, at position: Int) -> Value {
        var value: Value = 0
        for index in stride(from: Value.bitWidth / 8 - 1, through: 0, by: -1) {
            value = (value << 8) | Value(truncatingIfNeeded: self[position + index])
        }
        return value
    }
}

extension [UInt8] {
    /// A little-endian integer.
    mutating func store<Value: FixedWidthInteger>(_ value: Value, at position: Int) {
        var rest = value
        for index in 0..<Value.bitWidth / 8 {
            self[position + index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
    }

    mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
        let position = count
        append(contentsOf: repeatElement(0, count: Value.bitWidth / 8))
        store(value, at: position)
    }
}
