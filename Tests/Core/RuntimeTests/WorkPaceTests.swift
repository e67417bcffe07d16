import Runtime
import Testing

/// Work that nobody waits for and its rests.
@Suite struct WorkPaceTests {
    private let clock = ManualClock()

    /// The rests that steps of so many microseconds bring.
    private func rests(_ steps: [Int64]) -> [Int64] {
        var pace = WorkPace(turnMicroseconds: 500, restsPerTurn: 9, clock: clock)
        var rests: [Int64] = []
        for step in steps {
            clock.advance(microseconds: step)
            pace.rest {
                rests.append($0)
                clock.advance(microseconds: $0)
            }
        }
        return rests
    }

    @Test func restsAreNineTimesAsLongAsTheTurns() { #expect(rests([200, 200, 100, 499, 2]) == [4500, 4509]) }

    @Test func workInBetweenIsNotInterrupted() { #expect(rests([10, 100, 389]) == []) }

    /// The system gave the core to others, so that a step seems long.
    @Test func aLongStepDoesNotBringAnEndlessRest() { #expect(rests([3_000_000]) == [18_000]) }
}
