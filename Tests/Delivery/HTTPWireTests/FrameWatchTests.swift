import Testing

@testable import HTTPWire

@Suite struct FrameWatchTests {
    private static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private func frame(_ type: UInt8, stream: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
        [0, 0, UInt8(payload.count), type, 0, 0, 0, 0, stream] + payload
    }

    /// What is found in the bytes when they come in pieces, with places counted from the connection's first byte.
    private func findings(_ bytes: [UInt8], step: Int) -> [FrameWatch.Finding] {
        var watch = FrameWatch()
        var found: [FrameWatch.Finding] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            let piece = Array(bytes[start..<min(bytes.count, start + step)])
            var position = 0
            while true {
                let finding = watch.next(piece.span, &position)
                if finding == .nothing { break }
                found.append(finding)
                if finding == .badPriority { return found }
            }
        }
        return found
    }

    @Test func dataFramesAreFoundWhereTheyBegin() {
        let bytes =
            FrameWatchTests.preface + frame(4, stream: 0) + frame(1, stream: 1, [0x82])
            + frame(0, stream: 1, [1, 2, 3]) + frame(0, stream: 5) + frame(0, stream: 7, [9])
        #expect(
            findings(bytes, step: bytes.count) == [
                .data(stream: 1, start: 43), .data(stream: 5, start: 55), .data(stream: 7, start: 64),
            ])
        // The part of a head that came before has gone already.
        let streams: [Int32] = [1, 5, 7]
        for step in 1..<12 {
            let found = findings(bytes, step: step).map { finding -> Int32 in
                guard case .data(let stream, let start) = finding else { return -1 }
                return start < step ? stream : -1
            }
            #expect(found == streams)
        }
    }

    @Test(arguments: [1, 2, 5, 100]) func windowsOpenedByNothing(step: Int) {
        let bytes = FrameWatchTests.preface + frame(8, stream: 3, [0, 0, 0, 1]) + frame(8, stream: 0, [0, 0, 0, 9])
        #expect(findings(bytes, step: step) == [])
        let found = findings(bytes + frame(8, stream: 3, [0x80, 0, 0, 0]), step: step)
        guard case .emptyWindow(stream: 3, _) = found.first, found.count == 1 else {
            Issue.record("\(found)")
            return
        }
    }

    @Test(arguments: [1, 2, 5, 100]) func prioritiesThatBreakTheRules(step: Int) {
        let fine = FrameWatchTests.preface + frame(2, stream: 3, [0x80, 0, 0, 1, 7])
        #expect(findings(fine, step: step) == [])
        #expect(findings(fine + frame(2, stream: 3, [0, 0, 0, 3, 7]), step: step) == [.badPriority])
        #expect(findings(fine + frame(2, stream: 0, [0, 0, 0, 3, 7]), step: step) == [.badPriority])
        // Of a wrong length: nghttp2 refuses it.
        #expect(findings(fine + frame(2, stream: 3, [0, 0, 0, 3]), step: step) == [])
    }
}
