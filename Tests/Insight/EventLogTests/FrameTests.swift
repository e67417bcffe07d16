import Columns
import Runtime
import Testing

@testable import EventLog

@Suite struct FrameTests {
    private func frame(_ range: Range<Int> = 0..<50) throws -> [UInt8] {
        var header = FrameHeader()
        header.rowCount = range.count
        header.baseOffset = Int64(range.lowerBound)
        var bytes: [UInt8] = []
        _ = try FrameCodec.append(
            BatchCodec.encode(numbers(range)), header: header, compression: .lz4, frameBytes: 1 << 20, topic: "t",
            to: &bytes)
        return bytes
    }

    @Test func headersComeBack() throws {
        var header = FrameHeader()
        header.codec = 1
        header.hasArrivalTimes = true
        header.schemaVersion = 3
        header.rowCount = 77
        header.payloadLength = 1000
        header.directoryLength = 100
        header.baseOffset = 1 << 40
        header.minimumTime = -5
        header.maximumTime = 9
        header.arrivalTime = 1_700_000_000_000_000
        var bytes = [UInt8](repeating: 0xAA, count: 70)
        header.write(into: &bytes, at: 3)
        #expect(FrameHeader(bytes.span.extracting(3..<67), frameBytes: 1000) == header)
        #expect(FrameHeader(bytes.span.extracting(3..<67), frameBytes: 999) == nil)
        #expect(FrameHeader(bytes.span.extracting(3..<66), frameBytes: 1000) == nil)
        #expect(Array(bytes[3..<8]) == Array("SQLF\u{1}".utf8))
    }

    /// Every single flipped byte is noticed: the frame is refused, never misread.
    @Test func everyFlippedByteIsNoticed() throws {
        let sound = try frame()
        let storage = SimulatedStorage(seed: 1)
        let file = try storage.open("f", mode: .create)
        for position in stride(from: 0, to: sound.count, by: 3) {
            var bytes = sound
            bytes[position] ^= 0x10
            try file.write(bytes.span, at: 0)
            var reader = FrameReader(frameBytes: 1 << 20)
            if let header = try reader.header(file, at: 0, end: bytes.count) {
                #expect(try reader.batch(file, header, at: 0, columns: nil) == nil)
            }
            var scanner = SegmentScanner(
                file: file, from: 0, to: bytes.count, expectedOffset: 0, frameBytes: 1 << 20, isDeep: true)
            guard case .damage = try scanner.next() else {
                Issue.record("a flip at \(position) went unnoticed")
                continue
            }
        }
    }

    /// Bytes that pass every checksum and lie: refused or read, without a trap.
    @Test func framesMadeToDeceive() throws {
        var random = Random(seed: 5)
        let storage = SimulatedStorage(seed: 1)
        let file = try storage.open("f", mode: .create)
        for _ in 0..<3000 {
            var bytes = try frame(0..<20)
            for _ in 0...random.below(3) {
                bytes[FrameHeader.size + random.below(bytes.count - FrameHeader.size)] = UInt8(random.below(256))
            }
            FrameForger.mend(&bytes)
            try file.write(bytes.span, at: 0)
            var reader = FrameReader(frameBytes: 1 << 20)
            guard let header = try reader.header(file, at: 0, end: bytes.count) else { continue }
            _ = try reader.batch(file, header, at: 0, columns: nil)
            _ = try reader.batch(file, header, at: 0, columns: ["text", "number"])
        }
    }

    @Test func theScannerFindsItsWay() throws {
        let storage = SimulatedStorage(seed: 1)
        let file = try storage.open("f", mode: .create)
        let (first, second, third) = (try frame(0..<10), try frame(10..<20), try frame(20..<30))
        func scan(_ bytes: [UInt8]) throws -> [String] {
            try file.truncate(to: 0)
            try file.write(bytes.span, at: 0)
            var scanner = SegmentScanner(
                file: file, from: 0, to: bytes.count, expectedOffset: 0, frameBytes: 1 << 20, isDeep: true)
            var items: [String] = []
            while let item = try scanner.next() {
                switch item {
                case .frame(let header, _): items.append("frame \(header.baseOffset)")
                case .damage(let damage): items.append("damage \(damage.offsets) \(damage.bytes.count)")
                }
            }
            return items
        }
        #expect(try scan(first + second + third) == ["frame 0", "frame 10", "frame 20"])
        #expect(try scan(first + third) == ["frame 0", "damage 10..<20 0", "frame 20"])
        let torn = Array(third.dropLast(3))
        #expect(try scan(first + second + torn) == ["frame 0", "frame 10", "damage 20..<20 \(torn.count)"])
        var broken = second
        broken[20] ^= 1
        #expect(try scan(first + broken + third) == ["frame 0", "damage 10..<20 \(second.count)", "frame 20"])
        broken = second
        broken[second.count - 1] ^= 1
        #expect(try scan(first + broken + third) == ["frame 0", "damage 10..<20 \(second.count)", "frame 20"])
        let zeros = [UInt8](repeating: 0, count: 300_000)
        #expect(try scan(first + zeros + second) == ["frame 0", "damage 10..<10 300000", "frame 10"])
        #expect(try scan(zeros) == ["damage 0..<0 300000"])
        #expect(try scan(first + first) == ["frame 0", "damage 10..<10 \(first.count)"])
    }
}

@Suite struct SegmentIndexTests {
    private func index() -> SegmentIndex {
        var index = SegmentIndex(baseOffset: 100)
        var position = 0
        for number in 0..<20 {
            var header = FrameHeader()
            header.rowCount = 10
            header.baseOffset = 100 + Int64(number) * 10
            header.payloadLength = 40_000
            header.minimumTime = Int64(number) * 1000
            header.maximumTime = Int64(number) * 1000 + 500
            index.add(header, at: position)
            position += header.frameLength
        }
        return index
    }

    @Test func itComesBackOrNotAtAll() {
        let index = index()
        let bytes = index.encoded()
        #expect(SegmentIndex(bytes.span) == index)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 4
            #expect(SegmentIndex(damaged.span) == nil)
            #expect(SegmentIndex(bytes.span.extracting(0..<position)) == nil)
        }
    }

    @Test func runsByOffsetAndTime() {
        let index = index()
        #expect(index.blocks.count == 10)
        #expect(index.run(from: 100, times: nil) == .init(positions: 0..<index.bytes, nextOffset: 300))
        let block = index.blocks[3]
        #expect(index.run(from: block.firstOffset + 15, times: nil)?.positions.lowerBound == block.position)
        #expect(index.run(from: 300, times: nil) == nil)
        let run = index.run(from: 0, times: 4200..<4300)
        #expect(run == .init(positions: index.blocks[2].position..<index.blocks[3].position, nextOffset: 160))
        #expect(index.run(from: 0, times: 50_000..<60_000) == nil)
        #expect(index.run(from: 200, times: 0..<100) == nil)
    }
}
