import Bytes
import Columns

/// A batch as the payload of a frame and back:
///
///     columns (4 bytes), bytes of the batch's header (4)
///     for each column: bytes (4), CRC-32C (4)
///     the batch as `BatchCodec` writes it: its header, its columns
///
/// All before the columns is the directory, with a checksum in the frame's header; so a reader that wants two columns
/// of forty reads and checks the directory and the two.
enum FrameCodec {
    static let directoryStart = 8

    /// Appends header and payload to `buffer`. The checksums are complete; the offset and times are the caller's.
    /// - Throws: `tooLarge` when the payload is over `frameBytes`; `buffer` is as it was.
    ///
    /// - Parameters:
    ///   - encoded: the batch as `BatchCodec` writes it.
    ///   - compression: what it was encoded with.
    static func append(
        _ encoded: [UInt8], header: FrameHeader, compression: Compression, frameBytes: Int, topic: String,
        to buffer: inout [UInt8]
    ) throws(LogError) -> FrameHeader {
        let columns = try reading(topic) { () throws(CodecError) in try BatchCodec.columnRanges(encoded.span) }
        let batchHeader = columns.first?.range.lowerBound ?? encoded.count
        let directory = directoryStart + columns.count * 8 + batchHeader
        let payload = directory - batchHeader + encoded.count
        guard payload <= frameBytes else {
            throw LogError(.tooLarge, "a batch of \(payload) bytes; the log takes \(frameBytes)", at: topic)
        }
        let start = buffer.count
        buffer.reserveCapacity(start + FrameHeader.size + payload)
        buffer.append(contentsOf: repeatElement(0, count: FrameHeader.size))
        buffer.append(littleEndian: UInt32(columns.count))
        buffer.append(littleEndian: UInt32(batchHeader))
        for column in columns {
            buffer.append(littleEndian: UInt32(column.range.count))
            buffer.append(littleEndian: CRC32C.checksum(encoded.span.extracting(column.range)))
        }
        buffer.append(contentsOf: encoded)
        var header = header
        header.codec = compression.rawValue
        header.payloadLength = payload
        header.directoryLength = directory
        let directoryRange = start + FrameHeader.size..<start + FrameHeader.size + directory
        header.directoryChecksum = CRC32C.checksum(buffer.span.extracting(directoryRange))
        header.write(into: &buffer, at: start)
        return header
    }

    /// The columns' places in the payload and their checksums. `nil` when the directory contradicts itself.
    /// - Parameter directory: Its checksum has been compared.
    static func columns(_ directory: Span<UInt8>, header: FrameHeader) -> [(range: Range<Int>, checksum: UInt32)]? {
        guard directory.count == header.directoryLength, directory.count >= directoryStart else { return nil }
        let count = Int(directory.load(UInt32.self, at: 0))
        let batchHeader = Int(directory.load(UInt32.self, at: 4))
        guard count <= directory.count / 8, directoryStart + count * 8 + batchHeader == directory.count else {
            return nil
        }
        var columns: [(range: Range<Int>, checksum: UInt32)] = []
        columns.reserveCapacity(count)
        var start = directory.count
        for index in 0..<count {
            let at = directoryStart + index * 8
            let length = Int(directory.load(UInt32.self, at: at))
            guard start + length <= header.payloadLength else { return nil }
            columns.append((start..<start + length, directory.load(UInt32.self, at: at + 4)))
            start += length
        }
        return start == header.payloadLength ? columns : nil
    }

    /// Where the batch begins in a payload with this many columns.
    static func batchStart(columns: Int) -> Int { directoryStart + columns * 8 }

    /// The batch of a payload of which at least the directory and the wanted columns are there.
    static func decode(
        _ payload: Span<UInt8>, columnCount: Int, columns: [String]?
    ) throws(CodecError) -> Batch {
        try BatchCodec.decode(payload.extracting(batchStart(columns: columnCount)..<payload.count), columns: columns)
    }

    private static func reading<Result>(
        _ topic: String, _ body: () throws(CodecError) -> Result
    ) throws(LogError) -> Result {
        do throws(CodecError) {
            return try body()
        } catch {
            throw LogError(.tooLarge, "the batch cannot be encoded: \(error)", at: topic)
        }
    }
}
