import Testing

@testable import Edge

@Suite struct FreedMemoryWatchTests {
    private static let megabyte = 1 << 20

    /// `#expect` can't call what changes a value.
    private func isDue(_ watch: inout FreedMemoryWatch, residentBytes: Int, cachedBytes: Int) -> Bool {
        watch.isDue(residentBytes: residentBytes, cachedBytes: cachedBytes)
    }

    private func watch() -> FreedMemoryWatch {
        FreedMemoryWatch(limitBytes: 64 << 20, residentBytes: 40 << 20, cachedBytes: 0)
    }

    @Test func whatIsCachedMayGrow() {
        var watch = watch()
        for step in 1...64 {
            #expect(!isDue(&watch, residentBytes: (40 + step) * Self.megabyte, cachedBytes: step * Self.megabyte))
        }
    }

    /// The process grows while the cache is full.
    @Test func whatHeapsKeepIsGivenBack() {
        var watch = watch()
        #expect(!isDue(&watch, residentBytes: 120 << 20, cachedBytes: 64 << 20))
        #expect(isDue(&watch, residentBytes: 121 << 20, cachedBytes: 64 << 20))
        watch.noteGivenBack(before: 121 << 20, residentBytes: 110 << 20, cachedBytes: 64 << 20)
        #expect(!isDue(&watch, residentBytes: 121 << 20, cachedBytes: 64 << 20))
    }

    @Test func whatWasPurgedIsGivenBack() {
        var watch = watch()
        watch.noteGivenBack(before: 140 << 20, residentBytes: 110 << 20, cachedBytes: 64 << 20)
        #expect(isDue(&watch, residentBytes: 110 << 20, cachedBytes: 0))
        // Most of it was: nothing is left to be looked for.
        watch.noteGivenBack(before: 110 << 20, residentBytes: 45 << 20, cachedBytes: 0)
        #expect(!isDue(&watch, residentBytes: 45 << 20, cachedBytes: 0))
    }

    /// Other parts of the process gave memory back; what they take again is no reason.
    @Test func growthIsSeenFromTheLowestPointOn() {
        var watch = watch()
        #expect(!isDue(&watch, residentBytes: 20 << 20, cachedBytes: 0))
        #expect(!isDue(&watch, residentBytes: 36 << 20, cachedBytes: 0))
        #expect(isDue(&watch, residentBytes: 37 << 20, cachedBytes: 0))
    }

    /// What grows is not the cache: it is looked for less and less often.
    @Test func nothingIsLookedForThatWasNotFound() {
        var watch = watch()
        var looks = 0
        for second in 1...200 {
            let resident = (40 + 20 * second) * Self.megabyte
            guard isDue(&watch, residentBytes: resident, cachedBytes: 0) else { continue }
            watch.noteGivenBack(before: resident, residentBytes: resident, cachedBytes: 0)
            looks += 1
        }
        #expect(looks == 8)
    }
}
