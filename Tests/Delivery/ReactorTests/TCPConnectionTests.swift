import Glibc
import Reactor
import Synchronization
import Testing

@Suite struct TCPConnectionTests {
    @Test func bytesGoBothWays() throws {
        let server = try Server { recorder in
            recorder.onBytes = { recorder, bytes in recorder.connection?.send(bytes.span) }
        }
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) { client.connection?.send(Array("hello".utf8).span) }
        #expect(client.wait { $0.bytes == Array("hello".utf8) })
        server.loop.stop()
    }

    @Test func mixedPiecesArriveInOrderUnderBackPressure() throws {
        let server = try Server { recorder in recorder.connection?.pauseReading() }
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        let segment = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let expected = on(server.loop) {
            var expected: [UInt8] = []
            for round in 0..<120 {
                let small = Array("round \(round);".utf8)
                client.connection?.send(small.span)
                client.connection?.send(shared: segment, round..<segment.count - round)
                client.connection?.send(shared: segment, 0..<10)
                client.connection?.send { $0.append(contentsOf: small) }
                expected += small + segment[round..<segment.count - round] + segment[0..<10] + small
            }
            return expected
        }
        #expect(on(server.loop) { client.connection?.isCongested == true })
        #expect(eventually { server.accepted.withLock { $0.count } == 1 })
        let accepted = server.accepted.withLock { $0[0] }
        on(server.loop) { accepted.connection?.resumeReading() }
        #expect(accepted.wait { $0.bytes.count >= expected.count })
        #expect(accepted.seen.withLock { $0.bytes } == expected)
        #expect(client.wait { $0.canSendMoreCount == 1 })
        #expect(on(server.loop) { client.connection?.queuedBytes } == 0)
        server.loop.stop()
    }

    @Test func aPausedConnectionReadsNothingUntilResumed() throws {
        let server = try Server { recorder in recorder.connection?.pauseReading() }
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) { client.connection?.send([1, 2, 3].span) }
        #expect(eventually { server.accepted.withLock { $0.count } == 1 })
        usleep(30_000)
        let accepted = server.accepted.withLock { $0[0] }
        #expect(accepted.seen.withLock { $0.bytes.isEmpty })
        on(server.loop) { accepted.connection?.resumeReading() }
        #expect(accepted.wait { $0.bytes == [1, 2, 3] })
        server.loop.stop()
    }

    /// The sockets of a round are read before what came is handled: the other connection's handler had paused by then.
    @Test func whatWasReadBeforeAPauseComesAfterIt() throws {
        let server = try Server()
        let clients = [server.connect(), server.connect()]
        for client in clients { #expect(client.wait { $0.isConnected }) }
        #expect(eventually { server.accepted.withLock { $0.count } == 2 })
        let accepted = server.accepted.withLock { $0 }
        on(server.loop) {
            for (mine, other) in [(0, 1), (1, 0)] {
                accepted[mine].onBytes = { _, _ in accepted[other].connection?.pauseReading() }
            }
            for client in clients { client.connection?.send([1, 2, 3].span) }
        }
        #expect(eventually { accepted.contains { $0.seen.withLock { !$0.bytes.isEmpty } } })
        let paused = accepted.filter { one in on(server.loop) { one.connection?.hasReadAhead == true } }
        try #require(paused.count == 1)
        #expect(paused[0].seen.withLock { $0.bytes.isEmpty })
        on(server.loop) {
            for client in clients {
                client.connection?.send([4].span)
                client.connection?.closeAfterFlush(linger: true)
            }
        }
        on(server.loop) { paused[0].connection?.resumeReading() }
        #expect(paused[0].wait { $0.bytes == [1, 2, 3, 4] && $0.sawEnd })
        server.loop.stop()
    }

    @Test func whatAPauseLeavesInTheSocketComesAfterIt() throws {
        let server = try Server { recorder in
            recorder.onBytes = { recorder, _ in recorder.connection?.pauseReading() }
        }
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) {
            client.connection?.send([UInt8](repeating: 9, count: 1_000_000).span)
            client.connection?.closeAfterFlush(linger: true)
        }
        #expect(eventually { server.accepted.withLock { $0.count } == 1 })
        let accepted = server.accepted.withLock { $0[0] }
        // Each read pauses, so that bytes and the end lie there that epoll has told of.
        #expect(
            eventually {
                on(server.loop) { accepted.connection?.resumeReading() }
                return accepted.seen.withLock { $0.sawEnd }
            })
        #expect(accepted.seen.withLock { $0.bytes.count } == 1_000_000)
        server.loop.stop()
    }

    @Test func moreThanATurnReadsComesInLaterTurns() throws {
        let server = try Server()
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) { client.connection?.send([UInt8](repeating: 9, count: 5_000_000).span) }
        #expect(eventually { server.accepted.withLock { $0.count } == 1 })
        let accepted = server.accepted.withLock { $0[0] }
        #expect(accepted.wait { $0.bytes.count == 5_000_000 })
        server.loop.stop()
    }

    @Test func closeAfterFlushDeliversEverythingThenEnds() throws {
        let server = try Server { recorder in
            recorder.onBytes = { recorder, _ in
                recorder.connection?.send(shared: [UInt8](repeating: 7, count: 500_000), 0..<500_000)
                recorder.connection?.closeAfterFlush(linger: true)
            }
        }
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) { client.connection?.send([UInt8](repeating: 1, count: 300_000).span) }
        #expect(client.wait { $0.sawEnd })
        #expect(client.seen.withLock { $0.bytes.count } == 500_000)
        on(server.loop) { client.connection?.close() }
        let accepted = server.accepted.withLock { $0[0] }
        #expect(accepted.wait { $0.closed != nil })
        server.loop.stop()
    }

    @Test func halfCloseStillGetsItsAnswer() throws {
        let server = try Server()
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) {
            client.connection?.send([1].span)
            client.connection?.closeAfterFlush(linger: true)
        }
        #expect(eventually { server.accepted.withLock { $0.count } == 1 })
        let accepted = server.accepted.withLock { $0[0] }
        #expect(accepted.wait { $0.sawEnd && $0.bytes == [1] })
        #expect(accepted.seen.withLock { $0.closed } == nil)
        on(server.loop) { accepted.connection?.close() }
        #expect(client.wait { $0.closed == .local })
        server.loop.stop()
    }

    @Test func aResetIsReported() throws {
        let server = try Server()
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        #expect(eventually { server.accepted.withLock { $0.count } == 1 })
        let accepted = server.accepted.withLock { $0[0] }
        on(server.loop) { accepted.connection?.abort() }
        #expect(client.wait { $0.closed == .failed(ECONNRESET) })
        server.loop.stop()
    }

    @Test func aRefusedConnectIsReported() throws {
        let sockets = try ListeningSocket.open(.loopback(port: 0), count: 1)
        let port = sockets[0].address.port
        sockets[0].close()
        let server = try Server()
        let recorder = Recorder()
        let failedAtOnce = on(server.loop) {
            do {
                recorder.connection = try TCPConnection.connect(
                    to: .loopback(port: port), on: server.loop, handler: recorder)
                return false
            } catch {
                return true
            }
        }
        #expect(failedAtOnce || recorder.wait { $0.closed == .connectFailed(ECONNREFUSED) })
        server.loop.stop()
    }

    @Test func aDeadlineReachesTheHandler() throws {
        let server = try Server()
        let client = server.connect()
        #expect(client.wait { $0.isConnected })
        on(server.loop) { client.connection?.setDeadline(afterMilliseconds: 20) }
        #expect(client.wait { $0.deadlineCount == 1 })
        server.loop.stop()
    }

    @Test func connectionsBeyondTheLimitAreClosedAtOnce() throws {
        let server = try Server(maximumConnections: 2)
        let clients = (0..<2).map { _ in server.connect() }
        #expect(eventually { server.accepted.withLock { $0.count } == 2 })
        let third = server.connect()
        #expect(third.wait { $0.sawEnd || $0.closed != nil })
        #expect(server.accepted.withLock { $0.count } == 2)
        let first = server.accepted.withLock { $0[0] }
        on(server.loop) { first.connection?.close() }
        let fourth = server.connect()
        #expect(eventually { server.accepted.withLock { $0.count } == 3 })
        _ = (clients, fourth)
        server.loop.stop()
    }

    @Test func aBusyAddressIsRefused() throws {
        let sockets = try ListeningSocket.open(.loopback(port: 0), count: 2)
        #expect(sockets[0].address == sockets[1].address)
        #expect(throws: SystemError.self) { try ListeningSocket.open(sockets[0].address, count: 1) }
        for socket in sockets { socket.close() }
    }
}
