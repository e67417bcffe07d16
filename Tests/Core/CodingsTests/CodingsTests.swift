import Bytes
import Codings
import Runtime
import Testing

@Suite struct CodingsTests {
    private func encoded(_ body: [UInt8], _ coding: ContentCoding, level: Int = 5, pieces: Int = 1) throws -> [UInt8] {
        let encoder = try ContentEncoder(coding, level: level)
        var out: [UInt8] = []
        var start = 0
        for piece in 0..<pieces {
            let end = piece == pieces - 1 ? body.count : min(body.count, start + body.count / pieces)
            try encoder.encode(body.span.extracting(start..<end), into: &out)
            start = end
        }
        try encoder.finish(into: &out)
        return out
    }

    private func decoded(
        _ bytes: [UInt8], _ coding: ContentCoding, limit: Int = 1 << 30, step: Int = .max
    ) throws -> (body: [UInt8], isComplete: Bool) {
        let decoder = try ContentDecoder(coding, limit: limit)
        var out: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, step == .max ? bytes.count : start + step)
            try decoder.decode(bytes.span.extracting(start..<end), into: &out)
            start = end
        }
        return (out, decoder.isComplete)
    }

    /// Text that compresses, and noise that doesn't.
    private static func body(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = Random(seed: seed)
        let words = (0..<50).map { _ in (0..<random.below(9) + 1).map { _ in UInt8(97 + random.below(26)) } }
        var out: [UInt8] = []
        while out.count < count {
            if seed % 3 == 0 {
                out.append(UInt8(truncatingIfNeeded: random.next()))
            } else {
                out += words[random.below(50)] + [32]
            }
        }
        return Array(out[..<count])
    }

    @Test(arguments: ContentCoding.allCases, [0, 1, 200, 5_000, 70_000, 400_000])
    func comesBack(coding: ContentCoding, count: Int) throws {
        for seed: UInt64 in 1...3 {
            let body = Self.body(count, seed: seed)
            for pieces in [1, 7] {
                let bytes = try encoded(body, coding, pieces: pieces)
                for step in [Int.max, 1000] {
                    let found = try decoded(bytes, coding, step: step)
                    #expect(found.body == body)
                    #expect(found.isComplete)
                }
                if seed != 3, count >= 5_000 { #expect(bytes.count < count / 2) }
            }
        }
    }

    @Test(arguments: ContentCoding.allCases)
    func everyLevelComesBack(coding: ContentCoding) throws {
        let body = Self.body(3_000, seed: 1)
        for level in -1...coding.levels.upperBound + 1 {
            #expect(try decoded(try encoded(body, coding, level: level), coding).body == body)
        }
    }

    @Test(arguments: ContentCoding.allCases)
    func aFlushMakesAllReadable(coding: ContentCoding) throws {
        let encoder = try ContentEncoder(coding, level: 5)
        let decoder = try ContentDecoder(coding, limit: 1000)
        for word in ["one ", "two ", "three"] {
            var out: [UInt8] = []
            var back: [UInt8] = []
            let bytes = Array(word.utf8)
            try encoder.encode(bytes.span, flushes: true, into: &out)
            try decoder.decode(out.span, into: &back)
            #expect(String(decoding: back, as: UTF8.self) == word)
        }
        #expect(!decoder.isComplete)
    }

    @Test(arguments: ContentCoding.allCases)
    func aBombIsStopped(coding: ContentCoding) throws {
        let bomb = try encoded([UInt8](repeating: 0, count: 30 << 20), coding)
        #expect(bomb.count < 64 << 10)
        let decoder = try ContentDecoder(coding, limit: 1 << 20)
        var out: [UInt8] = []
        #expect(throws: CodingError.self) { try decoder.decode(bomb.span, into: &out) }
        #expect(out.count <= 1 << 20 + 128 << 10)
    }

    /// The decoder would write all of a window before anything came out that could be counted.
    @Test func aBrotliWindowOfSixteenMegabytesIsRefused() throws {
        let decoder = try ContentDecoder(.brotli, limit: 1 << 20)
        var output: [UInt8] = []
        let error = #expect(throws: CodingError.self) { try decoder.decode([0x0F, 0x80].span, into: &output) }
        #expect(error?.isLimit == true)
    }

    @Test(arguments: ContentCoding.allCases)
    func damageIsNoticedOrTheBodyIsIncomplete(coding: ContentCoding) throws {
        let body = Self.body(4_000, seed: 1)
        let bytes = try encoded(body, coding)
        #expect(try decoded(Array(bytes.dropLast(3)), coding).isComplete == false)
        #expect(throws: CodingError.self) { try decoded(Array("this is not compressed at all".utf8) + body, coding) }
        var random = Random(seed: 5)
        for _ in 0..<200 {
            var wrong = bytes
            wrong[random.below(wrong.count)] ^= UInt8(1 << random.below(8))
            // Whatever comes of it, it ends and keeps to the limit.
            _ = try? decoded(wrong, coding, limit: 1 << 20)
        }
    }
}
