import Bytes
import Columns
import Runtime

/// Reads the frames of a run of a segment one after the other, of each only the columns wanted. The buffers are kept
/// from frame to frame.
struct FrameReader {
    /// Bytes read at a frame's beginning: headers and directories, and small frames whole.
    private static let windowBytes = 16 << 10

    enum Item {
        case frame(FrameHeader, position: Int)
        case damage(SegmentScanner.Damage)
    }

    private let frameBytes: Int
    private var window = [UInt8](repeating: 0, count: windowBytes)
    private var windowStart = 0
    private var windowCount = 0
    private var payload: [UInt8] = []

    init(frameBytes: Int) {
        self.frameBytes = frameBytes
    }

    /// Forgets what was read; to be called when the file changes.
    mutating func reset() {
        windowCount = 0
    }

    /// The header at `position`. `nil` when none is there.
    mutating func header(
        _ file: any StorageFile, at position: Int, end: Int
    ) throws(StorageError) -> FrameHeader? {
        let wanted = min(FrameHeader.size, end - position)
        if position < windowStart || position + wanted > windowStart + windowCount {
            try fill(file, at: position)
        }
        let from = position - windowStart
        guard windowCount - from >= FrameHeader.size,
            let header = FrameHeader(
                window.span.extracting(from..<from + FrameHeader.size), frameBytes: frameBytes),
            position + header.frameLength <= end
        else { return nil }
        return header
    }

    private mutating func fill(_ file: any StorageFile, at position: Int) throws(StorageError) {
        windowStart = position
        windowCount = 0
        windowCount = try file.read(at: position, into: &window, 0..<window.count)
    }

    /// The columns of a frame whose header was read.
    /// - Parameter columns: `nil` for all.
    /// - Returns: `nil` when the bytes are damaged.
    mutating func batch(
        _ file: any StorageFile, _ header: FrameHeader, at position: Int, columns: [String]?
    ) throws(StorageError) -> Batch? {
        if let columns, columns.isEmpty { return Batch(schema: Schema([]), rowCount: header.rowCount, columns: []) }
        let start = position + FrameHeader.size
        if payload.count < header.payloadLength {
            payload = [UInt8](repeating: 0, count: max(header.payloadLength, payload.count * 2))
        }
        // A frame that is in the window already is checked whole: that is less work than finding its columns.
        let isHere = start >= windowStart && start + header.payloadLength <= windowStart + windowCount
        let wantsAll = columns == nil || isHere
        let first = wantsAll ? header.payloadLength : header.directoryLength
        guard try read(file, start, 0..<first),
            CRC32C.checksum(payload.span.extracting(0..<header.directoryLength)) == header.directoryChecksum,
            let places = FrameCodec.columns(
                payload.span.extracting(0..<header.directoryLength), header: header)
        else { return nil }
        if wantsAll {
            guard isSound(places) else { return nil }
        } else if let columns {
            guard try fetch(file, start, places, columns, payloadLength: header.payloadLength) else { return nil }
        }
        let decoded = try? FrameCodec.decode(
            payload.span.extracting(0..<header.payloadLength), columnCount: places.count, columns: columns)
        guard let decoded, decoded.rowCount == header.rowCount else { return nil }
        return decoded
    }

    private func isSound(_ places: [(range: Range<Int>, checksum: UInt32)]) -> Bool {
        let bytes = payload.span
        for place in places where CRC32C.checksum(bytes.extracting(place.range)) != place.checksum { return false }
        return true
    }

    /// Reads the wanted columns to their places in `payload`, and compares their checksums.
    private mutating func fetch(
        _ file: any StorageFile, _ start: Int, _ places: [(range: Range<Int>, checksum: UInt32)], _ columns: [String],
        payloadLength: Int
    ) throws(StorageError) -> Bool {
        guard let names = columnNames(count: places.count, payloadLength: payloadLength) else { return false }
        for (index, name) in names.enumerated() where columns.contains(name) {
            guard try read(file, start, places[index].range),
                CRC32C.checksum(payload.span.extracting(places[index].range)) == places[index].checksum
            else { return false }
        }
        return true
    }

    private func columnNames(count: Int, payloadLength: Int) -> [String]? {
        let batch = payload.span.extracting(FrameCodec.batchStart(columns: count)..<payloadLength)
        guard let layout = try? BatchCodec.columnRanges(batch), layout.count == count else { return nil }
        return layout.map(\.name)
    }

    /// Makes `payload[range]` hold the bytes of that part of the payload, which begins at `start` of the file.
    private mutating func read(
        _ file: any StorageFile, _ start: Int, _ range: Range<Int>
    ) throws(StorageError) -> Bool {
        let from = start + range.lowerBound - windowStart
        if from >= 0, from + range.count <= windowCount {
            let part = window[from..<from + range.count]
            payload.replaceSubrange(range, with: part)
            return true
        }
        return try file.read(at: start + range.lowerBound, into: &payload, range) == range.count
    }
}
