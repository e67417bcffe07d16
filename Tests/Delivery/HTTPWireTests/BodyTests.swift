import HTTPWire
import Testing

@Suite struct BodyTests {
    /// Decodes a body given in pieces: its data, the bytes used, and whether it ended.
    static func decode(
        _ framing: BodyFraming, _ pieces: [[UInt8]], isLenient: Bool = false, limits: WireLimits = .client
    ) throws -> (data: String, used: Int, isComplete: Bool, trailers: HeaderBlock) {
        var decoder = BodyDecoder(framing, limits: limits, isLenient: isLenient)
        var data: [UInt8] = []
        var used = 0
        for piece in pieces {
            var start = 0
            while start < piece.count, !decoder.isComplete {
                let step = try decoder.decode(piece.span.extracting(start...))
                data += piece[start + step.data.lowerBound..<start + step.data.upperBound]
                start += step.consumed
                used += step.consumed
            }
        }
        return (String(decoding: data, as: UTF8.self), used, decoder.isComplete, decoder.trailers)
    }

    @Test func anySplitGivesTheSame() throws {
        let text = "5\r\nhello\r\n00A;x=\"y;z\" ; b\r\n0123456789\r\n0\r\nX-A: 1\r\nETag: \"t\"\r\n\r\nNEXT"
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 5) {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                let result = try BodyTests.decode(.chunked, pieces)
                #expect(result.data == "hello0123456789" && result.used == bytes.count - 4 && result.isComplete)
                #expect(result.trailers.string(named: "x-a") == "1")
            }
        }
        let single = try BodyTests.decode(.chunked, bytes.map { [$0] })
        #expect(single.data == "hello0123456789" && single.isComplete)
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "1\na\n0\n\n",
        "1\r\nab\r\n", "1\r\na\n0\r\n\r\n", "1\r\na\r0\r\n\r\n", "1\rX", "1;\n\r\na\r\n", "1;a\rb\r\n",
        "1;a\u{00}\r\na\r\n", "ffffffffffffffff\r\n", "1000000000000000\r\n", "0\r\nX: 1\n\r\n", "0\r\n X: 1\r\n\r\n",
        "0\r\nX : 1\r\n\r\n", "0\r\nX\r\n\r\n", ";a\r\n",
    ])
    func malformedChunksAreRefused(text: String) {
        #expect(throws: WireError.self) { try BodyTests.decode(.chunked, [Array(text.utf8)]) }
        #expect(throws: WireError.self) { try BodyTests.decode(.chunked, text.utf8.map { [$0] }) }
    }

    @Test func originsMayPadSizes() throws {
        let result = try BodyTests.decode(.chunked, [Array("5  \r\nhello\r\n0\r\n\r\n".utf8)], isLenient: true)
        #expect(result.data == "hello" && result.isComplete)
    }

    @Test func chunkLimits() {
        let limits = WireLimits(fieldCount: 2, chunkLineBytes: 20, chunkExtensionBytes: 30, trailerBytes: 40)
        let texts = [
            "1;" + String(repeating: "a", count: 30) + "\r\n",
            String(repeating: "1;aaaaaaaaaaaa\r\na\r\n", count: 4),
            "0\r\n" + String(repeating: "X: 1\r\n", count: 3) + "\r\n",
            "0\r\nX: " + String(repeating: "1", count: 50) + "\r\n\r\n",
        ]
        for text in texts {
            #expect(throws: WireError.self) { try BodyTests.decode(.chunked, [Array(text.utf8)], limits: limits) }
        }
    }

    @Test func lengthAndClose() throws {
        let length = try BodyTests.decode(.length(5), ["he", "lloNEXT"].map { Array($0.utf8) })
        #expect(length.data == "hello" && length.used == 5 && length.isComplete)
        let close = try BodyTests.decode(.untilClose, ["he", "llo"].map { Array($0.utf8) })
        #expect(close.data == "hello" && !close.isComplete)
        #expect(BodyDecoder(.none, limits: .client, isLenient: false).isComplete)
        #expect(BodyDecoder(.length(0), limits: .client, isLenient: false).isComplete)
    }

    @Test func aClosedConnectionEndsOrBreaksABody() throws {
        var close = BodyDecoder(.untilClose, limits: .client, isLenient: true)
        try close.inputEnded()
        #expect(close.isComplete)
        for framing in [BodyFraming.length(1), .chunked] {
            var decoder = BodyDecoder(framing, limits: .client, isLenient: true)
            #expect(throws: WireError.self) { try decoder.inputEnded() }
        }
    }

    @Test func chunksAreWrittenAsTheyAreRead() throws {
        var out: [UInt8] = []
        for piece in ["hello", String(repeating: "x", count: 300)] {
            ChunkedWriter.appendHead(size: piece.utf8.count, to: &out)
            out += Array(piece.utf8) + ChunkedWriter.lineEnd
        }
        var trailers = HeaderBlock()
        trailers.append("Server-Timing", "a;dur=1")
        trailers.append("Content-Length", "5")
        ChunkedWriter.appendEnd(trailers: trailers, to: &out)
        let result = try BodyTests.decode(.chunked, [out])
        #expect(result.data == "hello" + String(repeating: "x", count: 300) && result.isComplete)
        #expect(result.trailers.fields.count == 1 && result.trailers.string(named: "server-timing") == "a;dur=1")
    }
}
