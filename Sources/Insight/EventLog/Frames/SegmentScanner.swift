import Bytes
import Runtime

/// Walks the frames of a segment from a position on, finds what is damaged and where frames go on after it.
struct SegmentScanner {
    enum Item: Equatable {
        case frame(FrameHeader, position: Int)
        case damage(Damage)
    }

    struct Damage: Equatable {
        var bytes: Range<Int>
        var offsets: Range<Int64>
        var reason: String
    }

    private let file: any StorageFile
    private let end: Int
    private let frameBytes: Int
    /// Whether payloads are read and their checksums compared.
    private let isDeep: Bool
    private(set) var position: Int
    private(set) var expectedOffset: Int64
    private var window: [UInt8]
    private var windowStart = 0
    private var windowCount = 0
    private var pending: Item?

    /// - Parameters:
    ///   - position: Of a frame's header.
    ///   - end: Bytes of the file to look at.
    ///   - expectedOffset: Of the first frame.
    ///   - frameBytes: The longest payload believed.
    init(
        file: any StorageFile, from position: Int, to end: Int, expectedOffset: Int64, frameBytes: Int, isDeep: Bool,
        windowBytes: Int = 256 << 10
    ) {
        self.file = file
        self.position = position
        self.end = end
        self.expectedOffset = expectedOffset
        self.frameBytes = frameBytes
        self.isDeep = isDeep
        self.window = [UInt8](repeating: 0, count: max(4096, min(windowBytes, end - position)))
    }

    mutating func next() throws(StorageError) -> Item? {
        if let item = pending {
            pending = nil
            return item
        }
        guard position < end else { return nil }
        guard let header = try header(at: position) else { return try resynchronize() }
        if header.baseOffset < expectedOffset || position + header.frameLength > end {
            return try resynchronize()
        }
        let start = position
        if isDeep, try !payloadIsSound(header, at: start) {
            position += header.frameLength
            expectedOffset = header.nextOffset
            return .damage(
                Damage(
                    bytes: start..<position, offsets: header.baseOffset..<header.nextOffset,
                    reason: "the checksum of a frame's bytes does not fit"))
        }
        return accept(header, at: start)
    }

    private mutating func accept(_ header: FrameHeader, at start: Int) -> Item {
        let missing = expectedOffset..<header.baseOffset
        position = start + header.frameLength
        expectedOffset = header.nextOffset
        let item = Item.frame(header, position: start)
        if missing.isEmpty { return item }
        pending = item
        return .damage(Damage(bytes: start..<start, offsets: missing, reason: "offsets are missing"))
    }

    /// Looks for the next sound frame after the bytes at `position`, which are none.
    private mutating func resynchronize() throws(StorageError) -> Item {
        let start = position
        var candidate = start + 1
        while candidate + FrameHeader.size <= end {
            guard let found = try findMagic(from: candidate) else { break }
            if let header = try header(at: found), header.baseOffset >= expectedOffset,
                found + header.frameLength <= end, try payloadIsSound(header, at: found)
            {
                let lost = expectedOffset..<header.baseOffset
                position = found + header.frameLength
                expectedOffset = header.nextOffset
                pending = .frame(header, position: found)
                return .damage(Damage(bytes: start..<found, offsets: lost, reason: "no frame begins here"))
            }
            candidate = found + 1
        }
        position = end
        return .damage(
            Damage(bytes: start..<end, offsets: expectedOffset..<expectedOffset, reason: "no whole frame follows"))
    }

    private mutating func header(at position: Int) throws(StorageError) -> FrameHeader? {
        try load(position)
        let from = position - windowStart
        guard windowCount - from >= FrameHeader.size else { return nil }
        return FrameHeader(window.span.extracting(from..<from + FrameHeader.size), frameBytes: frameBytes)
    }

    /// Makes the window hold the 64 bytes at `position`, or all there are up to the end.
    private mutating func load(_ position: Int) throws(StorageError) {
        let wanted = min(FrameHeader.size, end - position)
        if position >= windowStart, position + wanted <= windowStart + windowCount { return }
        windowStart = position
        windowCount = 0
        windowCount = try file.read(at: position, into: &window, 0..<min(window.count, end - position))
    }

    private mutating func payloadIsSound(_ header: FrameHeader, at position: Int) throws(StorageError) -> Bool {
        let start = position + FrameHeader.size
        var directory = [UInt8](repeating: 0, count: header.directoryLength)
        guard try file.read(at: start, into: &directory, 0..<directory.count) == directory.count,
            CRC32C.checksum(directory.span) == header.directoryChecksum,
            let columns = FrameCodec.columns(directory.span, header: header)
        else { return false }
        for column in columns {
            let range = start + column.range.lowerBound..<start + column.range.upperBound
            if try checksum(range) != column.checksum { return false }
        }
        return true
    }

    /// The checksum of bytes of the file; of fewer when the file ends within them.
    private mutating func checksum(_ range: Range<Int>) throws(StorageError) -> UInt32 {
        var at = range.lowerBound
        var checksum: UInt32 = 0
        while at < range.upperBound {
            if at < windowStart || at >= windowStart + windowCount {
                windowStart = at
                windowCount = 0
                windowCount = try file.read(at: at, into: &window, 0..<min(window.count, end - at))
                if windowCount == 0 { break }
            }
            let until = min(range.upperBound, windowStart + windowCount)
            checksum = CRC32C.extend(checksum, with: window.span.extracting(at - windowStart..<until - windowStart))
            at = until
        }
        return checksum
    }

    private mutating func findMagic(from start: Int) throws(StorageError) -> Int? {
        var at = start
        while at + FrameHeader.size <= end {
            try load(at)
            let from = at - windowStart
            guard windowCount - from >= FrameHeader.size else { return nil }
            let bytes = window.span
            for index in from...windowCount - 4
            where bytes[index] == 0x53 && bytes.load(UInt32.self, at: index) == FrameHeader.magic {
                return windowStart + index
            }
            at = windowStart + windowCount - 3
        }
        return nil
    }
}
