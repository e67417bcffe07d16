import Glibc
import HTTPWire
import Reactor
import Runtime
import Synchronization
import Testing
import Upstream

/// A call to an origin is gone once its answer is there: one that stays takes a kilobyte for each miss, for ever.
@Suite struct CallLifeTests {
    /// Confined to the loop but for the flag.
    private final class Hearer: OriginHandler, @unchecked Sendable {
        weak var call: OriginCall?
        var group: OriginGroup?
        let isOver = Mutex(false)

        func originReady() {}
        func originContinues() {}
        func originInterim(_ head: ResponseHead) {}
        func originResponded(_ head: ResponseHead) {}
        func originBody(_ bytes: Span<UInt8>) {}
        func originEnded(trailers: HeaderBlock) { isOver.withLock { $0 = true } }
        func originFailed(_ error: UpstreamError) { isOver.withLock { $0 = true } }
        func originCanTakeMore() {}
    }

    private static let kept = Mutex<[Hearer]>([])

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    ])
    func endedCallsAreForgotten(answer: String) throws {
        let (listener, port) = WireSocket.listen()
        defer { listener.close() }
        Thread.start(name: "origin") {
            guard let socket = try? listener.accept() else { return }
            try? socket.send(answer)
            usleep(50_000)
            socket.close()
        }
        let loop = try EventLoop(name: "test")
        loop.start()
        let hearer = Hearer()
        loop.execute {
            let settings = OriginSettings(name: "o", host: "127.0.0.1", port: port)
            let pool = OriginPool(settings: settings, loop: loop, resolver: Resolver())
            let standing = OriginStanding(name: "o", endpoints: [settings], policy: OriginPolicy())
            let group = OriginGroup(standing: standing, pools: [pool], loop: loop)
            let head = Array("GET / HTTP/1.1\r\nHost: o\r\n\r\n".utf8)
            let call = OriginCall([OriginCall.Tier(group, head: head)], method: .get, framing: .none, handler: hearer)
            hearer.call = call
            hearer.group = group
            call.start()
        }
        var isForgotten = false
        for _ in 0..<5_000 where !isForgotten {
            usleep(2_000)
            let isGone = Mutex<Bool?>(nil)
            loop.execute { isGone.withLock { $0 = hearer.call == nil } }
            while isGone.withLock({ $0 }) == nil { usleep(200) }
            isForgotten = isGone.withLock { $0 } == true && hearer.isOver.withLock { $0 }
        }
        #expect(isForgotten)
        let isClosed = Mutex(false)
        loop.execute {
            for pool in hearer.group?.pools ?? [] { pool.close() }
            isClosed.withLock { $0 = true }
        }
        while !isClosed.withLock({ $0 }) { usleep(200) }
        // The pool outlives its connections.
        CallLifeTests.kept.withLock { $0.append(hearer) }
        loop.stop()
    }
}
