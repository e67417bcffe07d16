import Testing

@testable import Bytes

@Suite struct ScanTests {
    @Test func masksFindWhatALoopFinds() {
        var state: UInt64 = 7
        for length in [0, 1, 15, 16, 63, 64, 65, 127, 128, 129, 300] {
            var bytes: [UInt8] = []
            for _ in 0..<length {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append([10, 34, 92, 65, 66, 200, 31, 127][Int(state >> 61)])
            }
            let newlines = bytes.indices.filter { bytes[$0] == 10 }
            let count = bytes.span.count(of: 10)
            #expect(count == newlines.count)
            for start in 0...length {
                let rest = bytes[start...]
                let letter = bytes.span.firstIndex(of: 65, from: start)
                #expect(letter == rest.firstIndex(of: 65))
                let either = bytes.span.firstIndex(ofEither: 34, or: 66, from: start)
                #expect(either == rest.firstIndex { $0 == 34 || $0 == 66 })
                let special = bytes.span.firstIndexOfJSONSpecial(from: start)
                #expect(special == rest.firstIndex { $0 < 32 || $0 >= 128 || $0 == 34 || $0 == 92 })
            }
        }
    }

    @Test func copiesOfEverySize() {
        let source = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }
        for count in 0...130 {
            for start in [0, 1, 7] {
                let part = Array(source[start..<start + count])
                var out: [UInt8] = [9]
                out.append(addingCapacity: 2 * count) { output in
                    output.append(contentsOf: part.span)
                    output.append(lowercasing: part.span)
                }
                #expect(out == [9] + part + part.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 })
            }
        }
        for count in 0...40 {
            let part = Array(source[..<count])
            for prefixCount in 0...3 {
                var out: [UInt8] = []
                out.append(addingCapacity: count + 4) {
                    $0.append(0x04_03_02_01, count: prefixCount, contentsOf: part.span)
                }
                #expect(out == [1, 2, 3].prefix(prefixCount) + part)
            }
        }
    }

    @Test func linesAreMarked() {
        for size in 0...140 {
            var text = ""
            var expected: [[Int]] = []
            for line in 0..<40 {
                let colon = text.utf8.count + 1 + (line * 7 + size) % 40
                text +=
                    String(repeating: "n", count: colon - text.utf8.count) + ": "
                    + String(repeating: "v:", count: size / 2)
                expected.append([colon, text.utf8.count])
                text += "\r\n"
            }
            let bytes = Array("\(text)\r\n".utf8)
            var marks = InlineArray<32, LineMark>(repeating: LineMark())
            var found: [[Int]] = []
            var start = 0
            while start < bytes.count {
                let count = bytes.span.markLines(from: start, &marks)
                for index in 0..<count { found.append([Int(marks[index].colon), Int(marks[index].end)]) }
                if count < marks.count { break }
                start = Int(marks[count - 1].end) + 2
            }
            #expect(found == expected)
        }
    }

    @Test func checksumsAreCastagnoli() {
        #expect(CRC32C.checksum(Array("123456789".utf8).span) == 0xe306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32).span) == 0x8a91_36aa)
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = CRC32C.checksum(bytes.span)
        let first = CRC32C.checksum(bytes.span.extracting(..<333))
        #expect(CRC32C.extend(first, with: bytes.span.extracting(333...)) == whole)
        #expect(~bytes.withUnsafeBufferPointer { CRC32C.byTable(.max, $0) } == whole)
    }

    @Test func hashesDifferByLengthAndSeed() {
        var seen = Set<UInt64>()
        let bytes = [UInt8](repeating: 0, count: 200)
        for length in 0...200 { seen.insert(ByteHash.hash(bytes.span.extracting(..<length), seed: 1)) }
        #expect(seen.count == 201)
        #expect(ByteHash.hash(bytes.span, seed: 1) != ByteHash.hash(bytes.span, seed: 2))
    }

    @Test func arenaKeepsBytes() {
        var arena = ByteArena(capacity: 1)
        var offsets: [Int] = []
        for number in 0..<500 { offsets.append(arena.append(Array("\(number)".utf8).span)) }
        for number in 0..<500 {
            let text = Array("\(number)".utf8)
            let isSame = arena.span(offset: offsets[number], count: text.count).isEqual(to: text.span)
            #expect(isSame)
        }
    }

    @Test func spansCompare() {
        let a = Array("abc".utf8)
        let b = Array("abd".utf8)
        let orders = [a.span.compare(b.span), b.span.compare(a.span), a.span.compare(a.span)]
        #expect(orders.map { $0.signum() } == [-1, 1, 0])
        let shorter = a.span.extracting(..<2).compare(a.span)
        let isText = a.span.isEqual(to: "abc" as StaticString)
        #expect(shorter < 0 && isText)
    }
}
