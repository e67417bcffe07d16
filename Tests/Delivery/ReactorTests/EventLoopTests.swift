import Glibc
import Reactor
import Synchronization
import Testing

@Suite struct EventLoopTests {
    @Test func tasksRunInOrderOnTheLoopsThread() throws {
        let loop = try EventLoop(name: "order")
        loop.start()
        let seen = Mutex<[Int]>([])
        for index in 0..<1_000 {
            loop.execute { if loop.isCurrent { seen.withLock { $0.append(index) } } }
        }
        #expect(eventually { seen.withLock { $0.count } == 1_000 })
        #expect(seen.withLock { $0 } == Array(0..<1_000))
        loop.stop()
    }

    @Test func stopRunsWhatWasPostedAndCloses() throws {
        let server = try Server()
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        let ran = Mutex(false)
        server.loop.execute { ran.withLock { $0 = true } }
        server.loop.stop()
        #expect(ran.withLock { $0 })
        #expect(client.seen.withLock { $0.closed } == .local)
    }

    @Test func timersFireOnceAndInOrder() throws {
        let loop = try EventLoop(name: "timers")
        loop.start()
        let fired = Mutex<[Int]>([])
        on(loop) {
            for (index, delay) in [60, 20, 40, 0].enumerated() {
                let timer = LoopTimer(loop: loop) { fired.withLock { $0.append(index) } }
                timer.setDeadline(afterMilliseconds: delay)
            }
        }
        #expect(eventually { fired.withLock { $0.count } == 4 })
        usleep(30_000)
        #expect(fired.withLock { $0 } == [3, 1, 2, 0])
        loop.stop()
    }

    @Test func aMovedDeadlineFiresAtItsNewTimeOnly() throws {
        let loop = try EventLoop(name: "moved")
        loop.start()
        let fired = Mutex<[Int64]>([])
        let start = on(loop) {
            let start = loop.refreshClock()
            let timer = LoopTimer(loop: loop) { fired.withLock { $0.append(loop.now) } }
            timer.setDeadline(afterMilliseconds: 20)
            timer.setDeadline(afterMilliseconds: 120)
            let earlier = LoopTimer(loop: loop) { fired.withLock { $0.append(loop.now) } }
            earlier.setDeadline(afterMilliseconds: 5_000)
            earlier.setDeadline(afterMilliseconds: 150)
            let never = LoopTimer(loop: loop) { fired.withLock { $0.append(-1) } }
            never.setDeadline(afterMilliseconds: 10)
            never.clearDeadline()
            return start
        }
        #expect(eventually { fired.withLock { $0.count } == 2 })
        usleep(50_000)
        let times = fired.withLock { $0 }
        #expect(times.count == 2)
        #expect(times.allSatisfy { $0 - start >= 120_000_000 })
        loop.stop()
    }

    @Test func theWallClockIsCloseToTheSystems() throws {
        let loop = try EventLoop(name: "clock")
        loop.start()
        let wall = on(loop) { loop.wallMicroseconds }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        #expect(abs(wall - Int64(time.tv_sec) * 1_000_000) < 10_000_000)
        loop.stop()
    }
}
