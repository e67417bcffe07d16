import HTTPWire
import Testing

@testable import HTTPCache

@Suite struct VarianceTests {
    private func fields(_ list: [(String, String)]) -> HeaderBlock {
        var block = HeaderBlock()
        for (name, value) in list { block.append(Array(name.utf8).span, Array(value.utf8).span) }
        return block
    }

    /// What comes from a disk may be anything, and is looked at before it is read.
    @Test func aPartOfAVarianceIsNotSound() throws {
        let request = fields([("X-A", "one"), ("X-B", "")])
        let vary = VaryList(fields([("Vary", "X-A, X-Absent, X-B")]))
        let variance = try #require(Variance.encode(vary, request, VaryRules()))
        let sound = (0...variance.count).filter { Variance.isSound(variance.span.extracting(..<$0)) }
        // A length octet, the name, two octets of length, the value if there is one.
        #expect(sound == [0, 9, 9 + 11, 9 + 11 + 6])
        #expect(sound.last == variance.count)
        for length in [0xFF, 4] {
            #expect(!Variance.isSound(([UInt8](repeating: UInt8(length), count: 4)).span))
        }
    }
}
