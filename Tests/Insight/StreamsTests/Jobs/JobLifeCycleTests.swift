import Testing

@testable import Streams

@Suite struct JobLifeCycleTests {
    @Test func failuresPauseLongerAndLongerUntilTheBudgetIsSpent() {
        var limits = JobLifeCycle.Limits()
        limits.restartBudget = 3
        var life = JobLifeCycle(limits: limits)
        #expect(life.on(.launch, now: 0) == .run)
        var now: Int64 = 0
        for pause: Int64 in [500_000, 1_000_000, 2_000_000] {
            #expect(life.on(.failed(isPermanent: false), now: now) == .wait(until: now + pause))
            #expect(life.on(.tick, now: now + pause - 1) == .wait(until: now + pause))
            now += pause
            #expect(life.on(.tick, now: now) == .run)
            #expect(life.on(.started, now: now) == nil)
        }
        #expect(life.on(.failed(isPermanent: false), now: now) == nil)
        #expect(life.phase == .failed)
        #expect(life.restarts == 3)
        #expect(life.on(.launch, now: now) == .run)
    }

    @Test func aJobThatRanLongHasItsBudgetBack() {
        var limits = JobLifeCycle.Limits()
        limits.restartBudget = 1
        var life = JobLifeCycle(limits: limits)
        _ = life.on(.launch, now: 0)
        _ = life.on(.failed(isPermanent: false), now: 0)
        _ = life.on(.tick, now: 500_000)
        #expect(life.on(.failed(isPermanent: false), now: limits.periodMicroseconds + 600_000) != nil)
        #expect(life.phase == .restarting)
    }

    @Test func aStopEndsWhateverPhaseItMeets() {
        var life = JobLifeCycle()
        _ = life.on(.launch, now: 0)
        #expect(life.on(.stop, now: 0) == .stop)
        #expect(life.phase == .stopping)
        #expect(life.on(.ended, now: 0) == nil)
        #expect(life.phase == .stopped)
        #expect(life.on(.launch, now: 0) == .run)
        _ = life.on(.failed(isPermanent: false), now: 0)
        #expect(life.on(.stop, now: 0) == nil)
        #expect(life.phase == .stopped)
        #expect(life.on(.tick, now: .max) == nil)
    }

    @Test func whatNoTryCanChangeFailsAtOnce() {
        var life = JobLifeCycle()
        _ = life.on(.launch, now: 0)
        #expect(life.on(.failed(isPermanent: true), now: 0) == nil)
        #expect(life.phase == .failed)
    }
}
