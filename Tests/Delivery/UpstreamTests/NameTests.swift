import Glibc
import HTTPWire
import Reactor
import Runtime
import Synchronization
import Testing

@testable import Upstream

/// Where connections go when a name's addresses change.
@Suite struct NameTests {
    /// Answers whatever comes; requests are small enough to come in one piece.
    private final class Answerer: TCPHandler {
        let connection: TCPConnection

        init(_ connection: TCPConnection) { self.connection = connection }

        func connected() {}
        func received(_ bytes: Span<UInt8>) {
            let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
            connection.send(answer.span)
        }
        func receivedEnd() { connection.close() }
        func canSendMore() {}
        func drained() {}
        func deadlinePassed() {}
        func closed(_ reason: CloseReason) {}
    }

    private final class Asker: OriginHandler {
        let done: @Sendable (OriginFacts, UpstreamError?) -> Void
        var exchange: OriginExchange?

        init(done: @escaping @Sendable (OriginFacts, UpstreamError?) -> Void) { self.done = done }

        func originReady() {}
        func originContinues() {}
        func originInterim(_ head: ResponseHead) {}
        func originResponded(_ head: ResponseHead) {}
        func originBody(_ bytes: Span<UInt8>) {}
        func originCanTakeMore() {}
        func originEnded(trailers: HeaderBlock) { end(nil) }
        func originFailed(_ error: UpstreamError) { end(error) }

        private func end(_ error: UpstreamError?) {
            done(exchange?.facts ?? OriginFacts(), error)
            exchange = nil
        }

        func ask(_ pool: OriginPool) {
            let head = Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
            let exchange = OriginExchange(
                pool: pool, request: OriginRequest(method: .get, head: head, framing: .none), handler: self)
            self.exchange = exchange
            exchange.start()
        }
    }

    /// Two addresses with one port, and a pool that reaches them by a name.
    private final class Bench: @unchecked Sendable {
        let loop: EventLoop
        var port: UInt16 = 0
        private var pool: OriginPool?
        private let addresses = Mutex<[UInt8]>([1])

        init(cacheMilliseconds: Int64) throws {
            loop = try EventLoop(name: "bench")
            loop.start()
            var sockets: [ListeningSocket] = []
            for _ in 0..<20 where sockets.count < 2 {
                sockets = try ListeningSocket.open(.loopback(port: 0), count: 1)
                port = sockets[0].address.port
                if let second = try? ListeningSocket.open(.ipv4(127, 0, 0, 2, port: port), count: 1) {
                    sockets += second
                } else {
                    sockets[0].close()
                }
            }
            let resolver = Resolver(cacheMilliseconds: cacheMilliseconds) { [self] _ in
                addresses.withLock { $0 }.map { .ipv4(127, 0, 0, $0, port: 0) }
            }
            let opened = sockets
            loop.execute { [self] in
                for socket in opened {
                    _ = Listener.attach(socket, to: loop, maximumConnections: 100) { connection in
                        connection.setHandler(Answerer(connection))
                    }
                }
                let settings = OriginSettings(name: "o", host: "name.test", port: port)
                pool = OriginPool(settings: settings, loop: loop, resolver: resolver)
            }
        }

        func point(to last: [UInt8]) { addresses.withLock { $0 = last } }

        /// The last byte of the address that answered, 0 for none.
        func ask() -> Int {
            let result = Monitor<Int?>(nil)
            loop.execute { [self] in
                guard let pool else { return }
                let asker = Asker { facts, _ in
                    result.update { $0 = facts.address.map { Int($0.low & 0xff) } ?? 0 }
                }
                asker.ask(pool)
            }
            return result.wait(timeoutNanoseconds: 10_000_000_000) { $0 } ?? -1
        }

        func stop() { loop.stop() }
    }

    @Test func aBusyConnectionFollowsItsName() throws {
        let bench = try Bench(cacheMilliseconds: 50)
        defer { bench.stop() }
        #expect(bench.ask() == 1)
        bench.point(to: [2])
        var found = 1
        for _ in 0..<2_000 where found != 2 {
            found = bench.ask()
            usleep(5_000)
        }
        #expect(found == 2)
        for _ in 0..<5 { #expect(bench.ask() == 2) }
    }

    @Test func aNameThatNobodyAnswersIsGivenUp() throws {
        let loop = try EventLoop(name: "bench")
        loop.start()
        defer { loop.stop() }
        let isOver = Monitor(false)
        defer { isOver.update { $0 = true } }
        let resolver = Resolver(cacheMilliseconds: 1_000) { _ in
            _ = isOver.wait { $0 ? true : nil }
            return []
        }
        let result = Monitor<UpstreamError?>(nil)
        loop.execute {
            var settings = OriginSettings(name: "o", host: "silent.test", port: 1)
            settings.connectTimeoutMilliseconds = 50
            Asker { _, error in result.update { $0 = error } }
                .ask(OriginPool(settings: settings, loop: loop, resolver: resolver))
        }
        let error = result.wait(timeoutNanoseconds: 10_000_000_000) { $0 }
        #expect(error?.code == .connectTimeout && error?.message == "silent.test was not resolved within 50 ms")
    }

    @Test func aNameThatFailsLeavesConnectionsAlone() throws {
        let bench = try Bench(cacheMilliseconds: 20)
        defer { bench.stop() }
        #expect(bench.ask() == 1)
        bench.point(to: [])
        for _ in 0..<20 {
            #expect(bench.ask() == 1)
            usleep(5_000)
        }
    }

    /// Of a resolver without a pool: what a name resolves to, the last byte of each address.
    private static func ask(_ host: String, _ resolver: Resolver, _ loop: EventLoop) -> [UInt64]? {
        let result = Monitor<[UInt64]?>(nil)
        resolver.resolve(host, port: 80, on: loop) { found in result.update { $0 = found.map { $0.low & 0xff } } }
        return result.wait(timeoutNanoseconds: 10_000_000_000) { $0 }
    }

    @Test func aNameThatNobodyAnswersHoldsUpNoOther() throws {
        let loop = try EventLoop(name: "bench")
        loop.start()
        defer { loop.stop() }
        let isReleased = Monitor(false)
        let resolver = Resolver { host in
            if host == "hangs.test" { _ = isReleased.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? true : nil } }
            return [.ipv4(127, 0, 0, host == "hangs.test" ? 1 : 2, port: 0)]
        }
        let late = Monitor<[UInt64]?>(nil)
        resolver.resolve("hangs.test", port: 80, on: loop) { found in late.update { $0 = found.map { $0.low & 0xff } } }
        #expect(Self.ask("quick.test", resolver, loop) == [2])
        #expect(late.withLock { $0 } == nil)
        isReleased.update { $0 = true }
        #expect(late.wait(timeoutNanoseconds: 10_000_000_000) { $0 } == [1])
    }

    @Test func whatWasKnownServesWhileNobodyAnswers() throws {
        let loop = try EventLoop(name: "bench")
        loop.start()
        defer { loop.stop() }
        let asked = Monitor(0)
        let resolver = Resolver(cacheMilliseconds: 1) { _ in
            var count = 0
            asked.update {
                $0 += 1
                count = $0
            }
            return count == 1 ? [.ipv4(127, 0, 0, 7, port: 0)] : count < 4 ? nil : []
        }
        #expect(Self.ask("name.test", resolver, loop) == [7])
        usleep(5_000)
        // Expired: it answers at once all the same, and is asked for again, in vain.
        #expect(resolver.cached("name.test", port: 80)?.map { $0.low & 0xff } == [7])
        #expect(asked.wait(timeoutNanoseconds: 10_000_000_000) { $0 > 1 ? true : nil } == true)
        #expect(Self.ask("name.test", resolver, loop) == [7])
        #expect(Self.ask("other.test", resolver, loop) == [])
        // Once it is said that there is no such name, there is none.
        for _ in 0..<1_000 where resolver.cached("name.test", port: 80)?.isEmpty == false { usleep(10_000) }
        #expect(resolver.cached("name.test", port: 80)?.isEmpty != false)
    }

    @Test func anAddressThatRefusesIsFollowedByTheNext() throws {
        let bench = try Bench(cacheMilliseconds: 10_000)
        defer { bench.stop() }
        bench.point(to: [9, 2])
        #expect(bench.ask() == 2)
    }
}
