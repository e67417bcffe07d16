import Bytes
import HTTPWire
import Reactor
import Testing

@testable import Upstream

/// Pools whose connections carry many requests at a time.
@Suite struct MultiplexTests {
    private func pool(_ change: (inout OriginSettings) -> Void = { _ in }) -> PoolState {
        var settings = OriginSettings(name: "o", host: "127.0.0.1", port: 1)
        settings.wireProtocol = .http2
        settings.http2.maximumStreams = 3
        change(&settings)
        return PoolState(settings: settings)
    }

    @Test func oneConnectionIsMadeForAllThatItCanCarry() {
        var state = pool()
        #expect(state.request(1, fresh: false, now: 0) == .connect(1))
        #expect(state.request(2, fresh: false, now: 0) == .wait)
        #expect(state.request(3, fresh: false, now: 0) == .wait)
        #expect(state.request(4, fresh: false, now: 0) == .connect(2))
        #expect(state.connected(1, capacity: 3, now: 0) == [1, 2, 3])
        #expect(state.connected(2, capacity: 3, now: 0) == [4])
        #expect(state.request(5, fresh: false, now: 0) == .use(2))
        #expect(state.connectionCount == 2 && state.inUseCount == 2 && state.idleCount == 0)
    }

    @Test func theFullestConnectionThatHasRoomIsUsed() {
        var state = pool()
        for ticket: PoolState.Ticket in [1, 2, 3, 4] { _ = state.request(ticket, fresh: false, now: 0) }
        _ = state.connected(1, capacity: 3, now: 0)
        _ = state.connected(2, capacity: 3, now: 0)
        #expect(state.streamEnded(1, now: 1) == .keep)
        #expect(state.request(5, fresh: false, now: 2) == .use(1))
        #expect(state.request(6, fresh: false, now: 2) == .use(2))
    }

    @Test func aStreamThatEndsGivesItsPlaceToWhoeverWaitsLongest() {
        var state = pool { $0.maximumConnections = 1 }
        for ticket: PoolState.Ticket in [1, 2, 3] { _ = state.request(ticket, fresh: false, now: 0) }
        _ = state.connected(1, capacity: 3, now: 0)
        #expect(state.request(4, fresh: false, now: 0) == .wait)
        #expect(state.request(5, fresh: false, now: 0) == .wait)
        #expect(state.streamEnded(1, now: 1) == .assign(4))
        #expect(state.streamEnded(1, now: 1) == .assign(5))
        #expect(state.streamEnded(1, now: 1) == .keep)
    }

    @Test func theServerChangesHowManyItTakes() {
        var state = pool { $0.maximumConnections = 1 }
        for ticket: PoolState.Ticket in [1, 2, 3] { _ = state.request(ticket, fresh: false, now: 0) }
        _ = state.connected(1, capacity: 3, now: 0)
        #expect(state.capacityChanged(1, 1) == [])
        #expect(state.request(4, fresh: false, now: 0) == .wait)
        // Three are under way where one is allowed: two have to end first.
        #expect(state.streamEnded(1, now: 0) == .keep)
        #expect(state.streamEnded(1, now: 0) == .keep)
        #expect(state.streamEnded(1, now: 0) == .assign(4))
        #expect(state.request(5, fresh: false, now: 0) == .wait)
        #expect(state.capacityChanged(1, 2) == [5])
    }

    @Test func aConnectionThatSaysGoodbyeEndsWithItsLastStream() {
        var state = pool()
        for ticket: PoolState.Ticket in [1, 2] { _ = state.request(ticket, fresh: false, now: 0) }
        _ = state.connected(1, capacity: 3, now: 0)
        #expect(state.drain(1) == false)
        #expect(state.request(3, fresh: false, now: 0) == .connect(2))
        #expect(state.streamEnded(1, now: 0) == .keep)
        #expect(state.streamEnded(1, now: 0) == .close)
        #expect(state.connectionCount == 1)
        _ = state.connected(2, capacity: 3, now: 0)
        #expect(state.streamEnded(2, now: 0) == .keep)
        #expect(state.drain(2) == true)
    }

    @Test func aRequestThatMetADeadConnectionGetsANewOne() {
        var state = pool { $0.maximumConnections = 2 }
        _ = state.request(1, fresh: false, now: 0)
        _ = state.connected(1, capacity: 3, now: 0)
        #expect(state.request(2, fresh: true, now: 0) == .connect(2))
        _ = state.connected(2, capacity: 3, now: 0)
        // There is no room for another connection.
        #expect(state.request(3, fresh: true, now: 0) == .use(1))
    }

    /// As long as nobody knows what the server speaks, one connect has to tell.
    @Test func whatIsSpokenIsLearned() throws {
        let tls = try TLSClient(TLSClientSettings(serverName: "a"))
        var state = pool {
            $0.wireProtocol = .negotiated
            $0.tls = tls
        }
        #expect(state.request(1, fresh: false, now: 0) == .connect(1))
        #expect(state.request(2, fresh: false, now: 0) == .wait)
        #expect(state.connected(1, now: 0) == .assign(1))
        #expect(state.replacement(now: 0) == 2)
        #expect(state.request(3, fresh: false, now: 0) == .connect(3))
    }

    @Test func inCleartextNothingIsNegotiated() {
        var state = pool { $0.wireProtocol = .negotiated }
        #expect(state.request(1, fresh: false, now: 0) == .connect(1))
        #expect(state.request(2, fresh: false, now: 0) == .connect(2))
    }

    @Test func aFailedConnectFailsThoseItWasFor() {
        var state = pool()
        for ticket: PoolState.Ticket in [1, 2, 3, 4, 5] { _ = state.request(ticket, fresh: false, now: 0) }
        #expect(state.connectFailed(1, now: 0) == [1, 2])
        #expect(state.connected(2, capacity: 3, now: 0) == [3, 4, 5])
    }

    @Test func whatIsIdleForLongIsClosed() {
        var state = pool { $0.keepAliveMilliseconds = 10 }
        _ = state.request(1, fresh: false, now: 0)
        _ = state.connected(1, capacity: 3, now: 0)
        #expect(state.nextExpiry == nil)
        #expect(state.streamEnded(1, now: 5_000_000) == .keep)
        #expect(state.nextExpiry == 15_000_000)
        #expect(state.expire(now: 14_000_000).connections == [])
        #expect(state.expire(now: 15_000_000).connections == [1])
        #expect(state.connectionCount == 0)
    }

    @Test func idleOnesAreBounded() {
        var state = pool {
            $0.maximumIdleConnections = 0
        }
        _ = state.request(1, fresh: false, now: 0)
        _ = state.connected(1, capacity: 3, now: 0)
        #expect(state.streamEnded(1, now: 0) == .close)
    }

    /// One with a PROXY header is of one request, whatever is spoken.
    @Test func aConnectionWithAProxyHeaderIsNotShared() {
        var state = pool { $0.proxyHeader = .v2 }
        #expect(state.request(1, fresh: false, now: 0) == .connect(1))
        #expect(state.request(2, fresh: false, now: 0) == .connect(2))
    }
}
