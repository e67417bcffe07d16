import Testing

@testable import HTTPWire

@Suite struct StreamMemoryTests {
    @Test func verdicts() {
        var memory = StreamMemory()
        memory.noteOpened(1)
        memory.noteOpened(7)
        memory.noteReset(7)
        #expect(memory.verdict(1) == .closed && memory.verdict(3) == .outOfOrder && memory.verdict(7) == .ignored)
        memory.noteOpened(1_021)
        #expect(memory.verdict(7) == .ignored && memory.verdict(1) == .closed)
        memory.noteOpened(1_025)
        #expect(
            memory.verdict(1) == .outOfOrder && memory.verdict(7) == .ignored && memory.verdict(1_023) == .outOfOrder)
        memory.noteOpened(0x7fff_ffff)
        #expect(memory.verdict(1_025) == .outOfOrder && memory.verdict(0x7fff_ffff) == .closed)
    }
}
