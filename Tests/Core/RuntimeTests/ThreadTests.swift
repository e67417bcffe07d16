import Runtime
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func jobsRunInOrderAndStopWaits() {
        let seen = Mutex<[Int]>([])
        let worker = WorkerThread(name: "test")
        for number in 0..<100 { #expect(worker.post { seen.withLock { $0.append(number) } }) }
        worker.stop()
        #expect(seen.withLock { $0 } == Array(0..<100))
        #expect(!worker.post {})
    }

    @Test func theMailboxIsBounded() {
        let gate = Monitor(false)
        let worker = WorkerThread(name: "test", mailboxLimit: 2)
        let started = Monitor(false)
        #expect(
            worker.post {
                started.update { $0 = true }
                _ = gate.wait { $0 ? true : nil }
            })
        _ = started.wait { $0 ? true : nil }
        #expect(worker.post {})
        #expect(worker.post {})
        #expect(!worker.post {})
        gate.update { $0 = true }
        worker.stop()
    }

    @Test func waitingEnds() {
        let monitor = Monitor(0)
        #expect(monitor.wait(timeoutNanoseconds: 1_000_000) { $0 == 1 ? true : nil } == nil)
        Thread.start(name: "setter") { monitor.update { $0 = 1 } }
        #expect(monitor.wait { $0 == 1 ? true : nil } == true)
    }
}

@Suite struct RandomTests {
    @Test func theSeedDecides() {
        var first = Random(seed: 7)
        var second = Random(seed: 7)
        var other = Random(seed: 8)
        let numbers = (0..<10).map { _ in first.next() }
        #expect(numbers == (0..<10).map { _ in second.next() })
        #expect(numbers != (0..<10).map { _ in other.next() })
        #expect((0..<1000).allSatisfy { _ in (0..<7).contains(first.below(7)) })
    }
}

@Suite struct ClockTests {
    @Test func manualTimeMovesOnDemand() {
        let clock = ManualClock(start: 5)
        clock.advance(microseconds: 10)
        #expect(clock.now() == 15)
        #expect(clock.monotonicNanoseconds() == 15_000)
        #expect(SystemClock().now() > 1_700_000_000_000_000)
    }
}
