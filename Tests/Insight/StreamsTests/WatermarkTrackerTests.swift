import Testing

@testable import Streams

@Suite struct WatermarkTrackerTests {
    @Test func timesOfTheFutureAreToldAndNotFollowed() {
        var tracker = WatermarkTracker(delay: 10, isBoundToClock: true)
        tracker.observe(maximumTime: 1_000, now: 2_000)
        #expect(tracker.farthestAhead == 0)
        tracker.observe(maximumTime: 9_000, now: 2_000)
        #expect(tracker.farthestAhead == 7_000 && tracker.watermark == 1_990)
        tracker.observe(maximumTime: .max, now: -5)
        #expect(tracker.farthestAhead == .max && tracker.watermark == 1_990)
        var free = WatermarkTracker(delay: 0, isBoundToClock: false)
        free.observe(maximumTime: 9_000, now: 2_000)
        #expect(free.farthestAhead == 0 && free.watermark == 9_000, "old events have a time of their own")
    }

    static let second: Int64 = 1_000_000

    @Test func runsBehindTheLatestTime() {
        var tracker = WatermarkTracker(delay: 2 * Self.second, isBoundToClock: false)
        #expect(tracker.watermark == .min)
        tracker.observe(maximumTime: 10 * Self.second, now: 0)
        #expect(tracker.watermark == 8 * Self.second)
        tracker.observe(maximumTime: 9 * Self.second, now: 1)
        #expect(tracker.watermark == 8 * Self.second, "a watermark does not go back")
    }

    @Test func goesOnInSilence() {
        var tracker = WatermarkTracker(delay: 0, isBoundToClock: true)
        tracker.tick(now: 100 * Self.second)
        #expect(tracker.watermark == .min, "nothing came, nothing is known")
        tracker.observe(maximumTime: 100 * Self.second, now: 100 * Self.second)
        tracker.tick(now: 100 * Self.second + 400_000)
        #expect(tracker.watermark == 100 * Self.second, "a pause between batches is no silence")
        tracker.tick(now: 102 * Self.second)
        #expect(tracker.watermark == 101 * Self.second + 500_000)
    }

    @Test func aTableSaysHowLongASilenceIs() {
        var patient = WatermarkTracker(delay: 0, isBoundToClock: true, idleTimeout: 5 * Self.second)
        var waiting = WatermarkTracker(delay: 0, isBoundToClock: true, idleTimeout: 0)
        patient.observe(maximumTime: 100 * Self.second, now: 100 * Self.second)
        waiting.observe(maximumTime: 100 * Self.second, now: 100 * Self.second)
        for now in [104, 112] {
            patient.tick(now: Int64(now) * Self.second)
            waiting.tick(now: Int64(now) * Self.second)
            if now == 104 { #expect(patient.watermark == 100 * Self.second) }
        }
        #expect(patient.watermark == 107 * Self.second)
        #expect(waiting.watermark == 100 * Self.second, "it waits for events")
    }

    @Test func isIdleWhereATableSaysWhen() {
        var usual = WatermarkTracker(delay: 0, isBoundToClock: true)
        var tracker = WatermarkTracker(delay: 0, isBoundToClock: true, idleTimeout: 5 * Self.second)
        for now in [100, 104, 106] {
            usual.tick(now: Int64(now) * Self.second)
            tracker.tick(now: Int64(now) * Self.second)
            #expect(tracker.isIdle == (now == 106), "it counts from the first look")
        }
        #expect(!usual.isIdle)
        let isFarther = tracker.bringUp(to: 50 * Self.second)
        let isOnceMore = tracker.bringUp(to: 50 * Self.second)
        #expect(isFarther && !isOnceMore)
        tracker.observe(maximumTime: 40 * Self.second, now: 107 * Self.second)
        #expect(!tracker.isIdle && tracker.watermark == 50 * Self.second)
        var resumed = WatermarkTracker(delay: 0, isBoundToClock: true, idleTimeout: 5 * Self.second)
        resumed.resume(latest: tracker.latest, watermark: tracker.watermark, now: 200 * Self.second)
        resumed.tick(now: 204 * Self.second)
        #expect(!resumed.isIdle && resumed.watermark == 50 * Self.second)
    }

    @Test func anIdleInputGoesAlongWithThoseItMeetsFirst() {
        // The first two meet in a union, which meets the third.
        let last = UnionStage(inputCount: 2, next: StageInput(stage: OutputStage(), port: 0))
        let first = UnionStage(inputCount: 2, next: StageInput(stage: last, port: 0))
        let meetings = InputMeetings(of: [first, first, last])
        func time(_ input: Int, _ standings: (time: Int64, isIdle: Bool)?...) -> Int64? {
            let known = standings.map { standing -> InputMeetings.Standing? in
                standing.map { InputMeetings.Standing(watermark: $0.time, isIdle: $0.isIdle) }
            }
            return meetings.time(for: input, known)
        }
        #expect(time(0, (.min, true), (7, false), (3, false)) == 7)
        #expect(time(0, (.min, true), (.min, false), (3, false)) == nil, "that one is waited for")
        #expect(time(0, (.min, true), (7, true), (3, false)) == 3)
        #expect(time(0, (.min, true), (7, true), (9, true)) == 9)
        #expect(time(0, (.min, true), nil, (3, false)) == 3)
        #expect(time(2, (5, false), (7, false), (1, true)) == 5)
        #expect(time(0, (.min, true), nil, nil) == nil)
    }

    @Test func keepsThePaceOfAReplay() {
        var tracker = WatermarkTracker(delay: 0, isBoundToClock: true)
        tracker.observe(maximumTime: 5 * Self.second, now: 1_000 * Self.second)
        tracker.tick(now: 1_003 * Self.second)
        #expect(tracker.watermark == 7 * Self.second + 500_000)
    }

    @Test func aClockInTheFutureDoesNotCloseEverything() {
        var tracker = WatermarkTracker(delay: Self.second, isBoundToClock: true)
        tracker.observe(maximumTime: 1_000_000 * Self.second, now: 100 * Self.second)
        #expect(tracker.watermark == 99 * Self.second)
    }

    @Test func extremesDoNotTrap() {
        var tracker = WatermarkTracker(delay: .max, isBoundToClock: false)
        tracker.observe(maximumTime: .min, now: .min)
        tracker.observe(maximumTime: .max, now: .max)
        tracker.tick(now: .max)
    }
}
