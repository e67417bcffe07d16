import Runtime
import Synchronization
import Testing

@testable import squilla

@Suite struct LossNoticesTests {
    @Test func theOperatorIsToldAtOnceAndThenOnceAMinute() {
        let clock = ManualClock()
        let lines = Mutex<[String]>([])
        let notices = LossNotices(clock: clock) { line in lines.withLock { $0.append(line) } }
        notices.note(3, "the disk is full")
        notices.note(4, "the disk is full")
        clock.advance(microseconds: 59_000_000)
        notices.note(5, "the disk is full")
        #expect(lines.withLock { $0.count } == 1)
        clock.advance(microseconds: 1_000_000)
        notices.note(6, "the log is slow")
        let told = lines.withLock { $0 }
        #expect(told.count == 2)
        #expect(told[0].hasPrefix("squilla: 3 events were dropped") && told[0].contains("the disk is full"))
        #expect(told[1].hasPrefix("squilla: 15 events were dropped") && told[1].contains("the log is slow"))
    }
}
