import Bytes

/// The index beside its segment: `SQLI`, version, the fields, the blocks, CRC-32C over all before it. Little-endian.
extension SegmentIndex {
    private static let magic: UInt32 = 0x494C_5153
    private static let version: UInt32 = 1
    private static let headerSize = 64
    private static let blockSize = 32

    func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(SegmentIndex.headerSize + blocks.count * SegmentIndex.blockSize + 4)
        output.append(littleEndian: SegmentIndex.magic)
        output.append(littleEndian: SegmentIndex.version)
        for value in [baseOffset, nextOffset, Int64(bytes), Int64(frames), firstArrival, lastArrival] {
            output.append(littleEndian: value)
        }
        output.append(littleEndian: Int64(blocks.count))
        for block in blocks {
            output.append(littleEndian: block.firstOffset)
            output.append(littleEndian: Int64(block.position))
            output.append(littleEndian: block.minimumTime)
            output.append(littleEndian: block.maximumTime)
        }
        output.append(littleEndian: CRC32C.checksum(output.span))
        return output
    }

    /// `nil` when the bytes are not an index, are damaged, or contradict themselves.
    init?(_ input: Span<UInt8>) {
        let count = input.count
        guard count >= SegmentIndex.headerSize + 4, input.load(UInt32.self, at: 0) == SegmentIndex.magic,
            input.load(UInt32.self, at: 4) == SegmentIndex.version,
            input.load(UInt32.self, at: count - 4) == CRC32C.checksum(input.extracting(0..<count - 4))
        else { return nil }
        let blockCount = (count - SegmentIndex.headerSize - 4) / SegmentIndex.blockSize
        guard input.load(Int64.self, at: 56) == Int64(blockCount),
            count == SegmentIndex.headerSize + blockCount * SegmentIndex.blockSize + 4
        else { return nil }
        self.init(baseOffset: input.load(Int64.self, at: 8))
        self.nextOffset = input.load(Int64.self, at: 16)
        self.bytes = Int(input.load(Int64.self, at: 24))
        self.frames = Int(input.load(Int64.self, at: 32))
        self.firstArrival = input.load(Int64.self, at: 40)
        self.lastArrival = input.load(Int64.self, at: 48)
        var blocks: [Block] = []
        blocks.reserveCapacity(blockCount)
        for index in 0..<blockCount {
            let at = SegmentIndex.headerSize + index * SegmentIndex.blockSize
            blocks.append(
                Block(
                    firstOffset: input.load(Int64.self, at: at), position: Int(input.load(Int64.self, at: at + 8)),
                    minimumTime: input.load(Int64.self, at: at + 16), maximumTime: input.load(Int64.self, at: at + 24)))
        }
        self.blocks = blocks
        guard isConsistent else { return nil }
    }

    private var isConsistent: Bool {
        guard baseOffset >= 0, nextOffset >= baseOffset, bytes >= 0, frames >= blocks.count,
            blocks.isEmpty == (nextOffset == baseOffset)
        else { return false }
        var offset = baseOffset
        var position = 0
        for (index, block) in blocks.enumerated() {
            guard block.minimumTime <= block.maximumTime,
                index == 0 ? block.firstOffset >= offset : block.firstOffset > offset,
                index == 0 ? block.position >= 0 : block.position > position
            else { return false }
            offset = block.firstOffset
            position = block.position
        }
        return offset <= nextOffset && position <= bytes
    }
}
