import Bytes

@testable import EventLog

/// Gives changed frames the checksums they need to be believed.
enum FrameForger {
    static func mend(_ bytes: inout [UInt8]) {
        let start = FrameHeader.size
        let directory = Int(bytes.span.load(UInt32.self, at: 28))
        let payload = Int(bytes.span.load(UInt32.self, at: 12))
        guard directory >= 8, directory <= payload, start + payload <= bytes.count else { return }
        let count = Int(bytes.span.load(UInt32.self, at: start))
        var column = directory
        if count <= directory / 8 - 1 {
            for index in 0..<count {
                let length = Int(bytes.span.load(UInt32.self, at: start + 8 + index * 8))
                guard column + length <= payload else { break }
                let range = start + column..<start + column + length
                bytes.store(CRC32C.checksum(bytes.span.extracting(range)), at: start + 12 + index * 8)
                column += length
            }
        }
        bytes.store(CRC32C.checksum(bytes.span.extracting(start..<start + directory)), at: 16)
        let head = CRC32C.checksum(bytes.span.extracting(0..<8))
        bytes.store(CRC32C.extend(head, with: bytes.span.extracting(12..<start)), at: 8)
    }
}
