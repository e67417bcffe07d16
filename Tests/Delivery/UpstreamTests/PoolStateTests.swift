import Bytes
import Reactor
import Testing

@testable import Upstream

@Suite struct PoolStateTests {
    private func pool(_ change: (inout OriginSettings) -> Void = { _ in }) -> PoolState {
        var settings = OriginSettings(name: "o", host: "127.0.0.1", port: 1)
        change(&settings)
        return PoolState(settings: settings)
    }

    @Test func theFirstRequestConnectsAndGetsTheConnection() {
        var state = pool()
        #expect(state.request(1, fresh: false, now: 0) == .connect(1))
        #expect(state.connected(1, now: 0) == .assign(1))
        #expect(state.released(1, reusable: true, now: 0) == .keep)
        #expect(state.request(2, fresh: false, now: 0) == .use(1))
    }

    @Test func theConnectionUsedLastIsReusedFirst() {
        var state = pool()
        for ticket: PoolState.Ticket in [1, 2, 3] {
            #expect(state.request(ticket, fresh: false, now: 0) == .connect(ticket))
            _ = state.connected(ticket, now: 0)
        }
        _ = state.released(1, reusable: true, now: 1)
        _ = state.released(3, reusable: true, now: 2)
        #expect(state.request(9, fresh: false, now: 3) == .use(3))
        #expect(state.request(10, fresh: false, now: 3) == .use(1))
    }

    @Test func aFreshRequestDoesNotReuse() {
        var state = pool()
        _ = state.request(1, fresh: false, now: 0)
        _ = state.connected(1, now: 0)
        _ = state.released(1, reusable: true, now: 0)
        #expect(state.request(2, fresh: true, now: 0) == .connect(2))
    }

    @Test func aFreshRequestTakesThePlaceOfAnIdleConnection() {
        var state = pool { $0.maximumConnections = 2 }
        for ticket: PoolState.Ticket in [1, 2] {
            _ = state.request(ticket, fresh: false, now: 0)
            _ = state.connected(ticket, now: 0)
        }
        _ = state.released(1, reusable: true, now: 1)
        #expect(state.request(3, fresh: true, now: 2) == .replace(1, with: 3))
        #expect(state.connectionCount == 2 && state.idleCount == 0)
        // Both places are taken now: the next one waits, for whichever connection it is.
        #expect(state.request(4, fresh: true, now: 2) == .wait)
        state.closed(1)
        #expect(state.replacement(now: 2) == nil)
        #expect(state.connected(3, now: 3) == .assign(3))
        #expect(state.released(2, reusable: true, now: 4) == .assign(4))
    }

    @Test func aConnectionThatComesFreeGoesToWhoeverWaitsLongest() {
        var state = pool { $0.maximumConnections = 1 }
        _ = state.request(1, fresh: false, now: 0)
        _ = state.connected(1, now: 0)
        #expect(state.request(2, fresh: false, now: 0) == .wait)
        #expect(state.request(3, fresh: false, now: 0) == .wait)
        #expect(state.released(1, reusable: true, now: 0) == .assign(2))
        #expect(state.released(1, reusable: false, now: 0) == .close)
        #expect(state.replacement(now: 0) == 2)
        #expect(state.connected(2, now: 0) == .assign(3))
    }

    @Test func aConnectionWithAProxyHeaderServesWhomItNames() {
        var state = pool {
            $0.proxyHeader = .v2
            $0.maximumConnections = 2
        }
        #expect(state.request(1, fresh: false, now: 0) == .connect(1))
        #expect(state.request(2, fresh: false, now: 0) == .connect(2))
        #expect(state.request(3, fresh: false, now: 0) == .wait)
        #expect(state.owner(of: 1) == 1 && state.owner(of: 2) == 2)
        // The other connect is done first, and not for the request that waits longest.
        #expect(state.connected(2, now: 0) == .assign(2))
        state.cancel(1)
        #expect(state.connected(1, now: 0) == .close)
        state.closed(1)
        #expect(state.replacement(now: 0) == 3)
        #expect(state.owner(of: 3) == 3)
        #expect(state.replacement(now: 0) == nil)
        #expect(state.connectFailed(3, now: 0) == [3])
        #expect(state.released(2, reusable: true, now: 0) == .close)
    }

    @Test func theQueueIsBounded() {
        var state = pool {
            $0.maximumConnections = 1
            $0.maximumPending = 2
        }
        _ = state.request(1, fresh: false, now: 0)
        #expect(state.request(2, fresh: false, now: 0) == .wait)
        #expect(state.request(3, fresh: false, now: 0) == .refuseFull)
        state.cancel(2)
        #expect(state.request(3, fresh: false, now: 0) == .wait)
    }

    @Test func surplusIdleConnectionsAreClosed() {
        var state = pool { $0.maximumIdleConnections = 1 }
        for ticket: PoolState.Ticket in [1, 2] {
            _ = state.request(ticket, fresh: false, now: 0)
            _ = state.connected(ticket, now: 0)
        }
        #expect(state.released(1, reusable: true, now: 0) == .keep)
        #expect(state.released(2, reusable: true, now: 0) == .close)
    }

    @Test func eachFailedConnectFailsOneRequestUntilTheOriginIsDown() {
        var state = pool {
            $0.failureThreshold = 3
            $0.failurePauseMilliseconds = 160
        }
        for ticket: PoolState.Ticket in [1, 2, 3, 4] { _ = state.request(ticket, fresh: false, now: 0) }
        #expect(state.connectFailed(1, now: 0) == [1])
        #expect(state.connectFailed(2, now: 0) == [2])
        #expect(state.connectFailed(3, now: 0) == [3])
        #expect(state.isDown(at: 5_000_000))
        #expect(state.request(5, fresh: false, now: 5_000_000) == .refuseDown)
        #expect(state.connectFailed(4, now: 5_000_000) == [4])
        // The first pause is a sixteenth of what it comes to, the next twice that.
        #expect(state.isDown(at: 24_000_000) && !state.isDown(at: 26_000_000))
        #expect(state.request(6, fresh: false, now: 26_000_000) == .connect(5))
        #expect(state.request(7, fresh: false, now: 26_000_000) == .wait)
        #expect(state.connected(5, now: 26_000_000) == .assign(6))
        #expect(state.request(8, fresh: false, now: 26_000_000) == .connect(6))
    }

    @Test func oldIdleConnectionsAndLateRequestsExpire() {
        var state = pool {
            $0.keepAliveMilliseconds = 10
            $0.pendingTimeoutMilliseconds = 20
            $0.maximumConnections = 2
        }
        for ticket: PoolState.Ticket in [1, 2] {
            _ = state.request(ticket, fresh: false, now: 0)
            _ = state.connected(ticket, now: 0)
        }
        _ = state.released(1, reusable: true, now: 0)
        #expect(state.nextExpiry == 10_000_000)
        #expect(state.expire(now: 9_000_000).connections.isEmpty)
        #expect(state.expire(now: 10_000_000).connections == [1])
        state.closed(1)
        _ = state.request(3, fresh: false, now: 10_000_000)
        _ = state.request(4, fresh: false, now: 10_000_000)
        #expect(state.expire(now: 30_000_000).tickets == [3, 4])
        #expect(state.nextExpiry == nil)
    }

    @Test func countsAddUpThroughARandomLife() {
        var state = pool {
            $0.maximumConnections = 5
            $0.maximumIdleConnections = 3
            $0.failureThreshold = 1_000_000
        }
        var random = SystemRandomNumberGenerator()
        var connecting: [PoolState.ConnectionID] = []
        var active: [PoolState.ConnectionID] = []
        var asked = 0
        var served = 0
        var failed = 0
        for step in 0..<5_000 {
            let now = Int64(step)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                asked += 1
                switch state.request(PoolState.Ticket(UInt64(asked)), fresh: Bool.random(using: &random), now: now) {
                case .use(let id):
                    active.append(id)
                    served += 1
                case .connect(let id): connecting.append(id)
                case .replace(let old, let id):
                    state.closed(old)
                    connecting.append(id)
                case .wait: break
                case .refuseFull, .refuseDown: failed += 1
                }
            case 1 where !connecting.isEmpty:
                let id = connecting.removeFirst()
                switch state.connected(id, now: now) {
                case .assign:
                    active.append(id)
                    served += 1
                case .keep: break
                case .close: state.closed(id)
                }
            case 2 where !connecting.isEmpty:
                failed += state.connectFailed(connecting.removeLast(), now: now).count
                if let id = state.replacement(now: now) { connecting.append(id) }
            case 3 where !active.isEmpty:
                let id = active.removeFirst()
                switch state.released(id, reusable: Bool.random(using: &random), now: now) {
                case .assign:
                    active.append(id)
                    served += 1
                case .keep: break
                case .close:
                    state.closed(id)
                    if let id = state.replacement(now: now) { connecting.append(id) }
                }
            default: break
            }
            #expect(state.connectionCount <= 5)
            #expect(state.idleCount <= 3)
            #expect(state.inUseCount == active.count)
            #expect(state.connectingCount == connecting.count)
            #expect(asked == served + failed + state.waitingCount)
            #expect(state.waitingCount == 0 || state.connectionCount > 0)
        }
    }
}
