/// This host's part in a place whose router spreads connections over several hosts (`squilla lb`).
public struct LoadBalancerSection: Hashable, Sendable {
    public enum Method: String, CaseIterable, Sendable {
        case auto, ebpf, nftables
    }

    /// Where the router's packets come in.
    public var interface = ""
    /// That all hosts of the place answer.
    public var addresses: [String] = []
    public var ports = [80, 443]
    /// This host's, from 0 to 23.
    public var number = 0
    /// Where the hosts of the place hear each other.
    public var listen = Endpoint(host: "127.0.0.1", port: 7946)
    public var peers: [Peer] = []
    /// At least 16 bytes, the same on all hosts of the place.
    public var secret = ""
    public var method = Method.auto
    public var heartbeatMilliseconds = 100
    public var silenceMilliseconds = 500
    public var restartMilliseconds = 30_000
    public var maxClockSkewMilliseconds = 30_000

    public struct Peer: Hashable, Sendable {
        public var number: Int
        public var address: Endpoint
    }
}

extension LoadBalancerSection {
    init(reading section: YAMLSection) {
        interface = section.string("interface", default: interface)
        if interface.isEmpty { section.report("interface", "name the interface where the router's packets come in") }
        addresses = section.strings("addresses") ?? []
        if addresses.isEmpty { section.report("addresses", "name the addresses that all hosts of the place answer") }
        if let texts = section.strings("ports") {
            ports = texts.compactMap { text in
                if let port = Int(text), (1...65_535).contains(port) { return port }
                section.report("ports", "expected a port from 1 to 65535, found \"\(text)\"")
                return nil
            }
        }
        number = section.integer("number", default: number, in: 0...23)
        if let text = section.optionalString("listen"), let address = section.address("listen", text) {
            listen = address
        }
        peers = section.sections("peers").compactMap { peer in
            let number = peer.integer("number", default: 0, in: 0...23)
            let address = peer.optionalString("address").flatMap { peer.address("address", $0) }
            if !peer.has("number") || !peer.has("address") {
                peer.report("address", "a peer has a number and an address, such as number: 1, address: 10.0.0.2:7946")
            }
            peer.finish()
            return address.map { Peer(number: number, address: $0) }
        }
        if Set(peers.map(\.number)).count != peers.count || peers.contains(where: { $0.number == number }) {
            section.report("peers", "every host of the place has a number of its own")
        }
        secret = section.string("secret", default: secret)
        if secret.utf8.count < 16 { section.report("secret", "at least 16 bytes, the same on all hosts of the place") }
        method = section.choice("method", default: method)
        heartbeatMilliseconds = section.milliseconds("heartbeat_ms", default: heartbeatMilliseconds, in: 10...60_000)
        silenceMilliseconds = section.milliseconds(
            "silence_ms", default: max(silenceMilliseconds, 3 * heartbeatMilliseconds), in: 20...600_000)
        if silenceMilliseconds <= 2 * heartbeatMilliseconds {
            section.report(
                "silence_ms",
                "a lost packet must not take a host out: more than twice heartbeat_ms (\(heartbeatMilliseconds) ms)")
        }
        restartMilliseconds = section.milliseconds("restart_ms", default: restartMilliseconds, in: 0...3_600_000)
        maxClockSkewMilliseconds = section.milliseconds(
            "max_clock_skew_ms", default: maxClockSkewMilliseconds, in: 100...3_600_000)
        section.finish()
    }
}
