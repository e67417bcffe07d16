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
        let sound = (0...variance.count).filter { isSound(Array(variance[..<$0])) }
        // A length octet, the name, two octets of length, the value if there is one.
        #expect(sound == [0, 9, 9 + 11, 9 + 11 + 6])
        #expect(sound.last == variance.count)
        #expect(!isSound([0xFF, 4, 4, 4]) && !isSound([4, 4, 4, 4]))
    }

    private func isSound(_ variance: [UInt8]) -> Bool { Variance.isSound(variance.span) }
}
