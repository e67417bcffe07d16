import Reactor

/// What one host knows of its place and makes of it. A value without I/O: what happened goes in, what is to be done comes
/// out. Times are in milliseconds of 1970.
struct PlaceAgent: Sendable {
    enum Action: Hashable, Sendable {
        case send(PlaceMessage, to: SocketAddress)
        /// What the packets' program is to know from now on.
        case install(ProgramSettings)
        /// For the operator.
        case note(String)
    }

    /// Another host.
    struct Peer {
        var address: SocketAddress
        /// Of its last message, by its own clock.
        var toldMilliseconds = Int64.min
        /// When that came, by ours.
        var heardMilliseconds = Int64.min
        var mac = MACAddress.none
        var connections = 0
        var isDraining = false
        var isRestarting = false
    }

    let settings: PlaceSettings
    let mac: MACAddress
    private(set) var peers: [Int: Peer]
    private(set) var isDraining = false
    /// Connections of the service that are here.
    var connections = 0
    private(set) var refusedMessages = 0
    private var commandMilliseconds = Int64.min
    private var lastTold = Int64.min
    private var sentMilliseconds: Int64?
    private var installed: ProgramSettings?

    init(_ settings: PlaceSettings, mac: MACAddress) {
        self.settings = settings
        self.mac = mac
        peers = settings.peers.mapValues { Peer(address: $0) }
    }

    /// To be called at least every `heartbeatMilliseconds`.
    mutating func tick(at now: Int64) -> [Action] {
        var actions = silences(at: now)
        // A clock that was set back must not silence us.
        let isDue = sentMilliseconds.map { $0 > now || now - $0 >= Int64(settings.heartbeatMilliseconds) }
        if isDue ?? true {
            sentMilliseconds = now
            actions += heartbeats(at: now)
        }
        return actions + installation(at: now)
    }

    /// A datagram arrived.
    /// - Parameter status: what there is to say besides, as fields of a JSON object.
    mutating func receive(
        _ bytes: ArraySlice<UInt8>, from address: SocketAddress, at now: Int64, status: () -> String
    ) -> [Action] {
        guard let message = PlaceMessage(bytes, secret: settings.secret),
            (message.timeMilliseconds &- now).magnitude <= settings.maxClockSkewMilliseconds
        else {
            refusedMessages += 1
            return []
        }
        switch message.kind {
        case .heartbeat: return heard(message, at: now)
        case .drain, .return, .status: return command(message, from: address, at: now, status)
        case .answer: return []
        }
    }

    /// The last words before the agent is stopped to be started again: others go on passing packets here.
    mutating func stop(at now: Int64) -> [Action] {
        heartbeats(at: now, isRestarting: true)
    }

    private mutating func heartbeats(at now: Int64, isRestarting: Bool = false) -> [Action] {
        lastTold = max(lastTold &+ 1, now)
        var message = PlaceMessage(.heartbeat, number: settings.number, timeMilliseconds: lastTold)
        message.isDraining = isDraining
        message.isRestarting = isRestarting
        message.connections = connections
        message.mac = mac
        return peers.sorted { $0.key < $1.key }.map { .send(message, to: $0.value.address) }
    }

    private mutating func heard(_ message: PlaceMessage, at now: Int64) -> [Action] {
        guard var peer = peers[message.number], message.timeMilliseconds > peer.toldMilliseconds else {
            refusedMessages += 1
            return []
        }
        var actions: [Action] = []
        if !isThere(peer, at: now) { actions.append(.note("host \(message.number) is there")) }
        if peer.isDraining != message.isDraining {
            actions.append(.note("host \(message.number) \(message.isDraining ? "drains" : "has returned")"))
        }
        peer.toldMilliseconds = message.timeMilliseconds
        peer.heardMilliseconds = now
        peer.mac = message.mac
        peer.connections = message.connections
        peer.isDraining = message.isDraining
        peer.isRestarting = message.isRestarting
        peers[message.number] = peer
        return actions + installation(at: now)
    }

    private mutating func command(
        _ message: PlaceMessage, from address: SocketAddress, at now: Int64, _ status: () -> String
    ) -> [Action] {
        var actions: [Action] = []
        if message.kind != .status {
            guard message.timeMilliseconds > commandMilliseconds else {
                refusedMessages += 1
                return []
            }
            commandMilliseconds = message.timeMilliseconds
            let drains = message.kind == .drain
            if drains != isDraining { actions.append(.note(drains ? "draining" : "returned")) }
            isDraining = drains
            actions += heartbeats(at: now) + installation(at: now)
        }
        var answer = PlaceMessage(.answer, number: settings.number, timeMilliseconds: now)
        answer.isDraining = isDraining
        answer.connections = connections
        answer.text = Array(document(at: now, status()).utf8)
        return actions + [.send(answer, to: address)]
    }

    private func isThere(_ peer: Peer, at now: Int64) -> Bool {
        let patience = peer.isRestarting ? settings.restartMilliseconds : settings.silenceMilliseconds
        return peer.heardMilliseconds != .min && abs(now - peer.heardMilliseconds) <= Int64(patience)
    }

    private mutating func silences(at now: Int64) -> [Action] {
        var actions: [Action] = []
        for (number, peer) in peers.sorted(by: { $0.key < $1.key })
        where peer.heardMilliseconds != .min && !isThere(peer, at: now) {
            peers[number]?.heardMilliseconds = .min
            actions.append(.note("host \(number) is silent: it gets no more packets"))
        }
        return actions
    }

    /// What the program is to know, when that has changed. Hosts that drain come first: what nobody else knows is most
    /// likely theirs.
    private mutating func installation(at now: Int64) -> [Action] {
        let size = ProgramSettings.maximumHosts
        let others = peers.filter { isThere($0.value, at: now) }.sorted { left, right in
            if left.value.isDraining != right.value.isDraining { return left.value.isDraining }
            return (left.key - settings.number + size) % size < (right.key - settings.number + size) % size
        }
        let wanted = ProgramSettings(
            number: settings.number, isDraining: isDraining, service: settings.service,
            hosts: others.map { .init(number: $0.key, mac: $0.value.mac, isDraining: $0.value.isDraining) })
        guard wanted != installed else { return [] }
        installed = wanted
        return [.install(wanted)]
    }

    /// The place as this host sees it, as JSON.
    private func document(at now: Int64, _ status: String) -> String {
        let others = peers.sorted { $0.key < $1.key }.map { number, peer -> String in
            let state = !isThere(peer, at: now) ? "silent" : peer.isDraining ? "draining" : "serving"
            let age = peer.heardMilliseconds == .min ? "null" : "\(max(0, now - peer.heardMilliseconds))"
            return """
                {"host":\(number),"address":"\(peer.address)","state":"\(state)","connections":\(peer.connections),\
                "mac":"\(peer.mac)","heard_ms":\(age)}
                """
        }
        let own = """
            {"host":\(settings.number),"address":"\(settings.listen)",\
            "state":"\(isDraining ? "draining" : "serving")","connections":\(connections),"mac":"\(mac)","heard_ms":0}
            """
        return """
            {"host":\(settings.number),"refused_messages":\(refusedMessages),\(status),\
            "hosts":[\(([own] + others).joined(separator: ","))]}
            """
    }
}
