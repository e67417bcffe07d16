public import Reactor

/// One host's part in a place.
public struct PlaceSettings: Hashable, Sendable {
    public enum Method: String, CaseIterable, Sendable {
        /// eBPF, and nftables where the kernel refuses it.
        case auto
        case ebpf
        case nftables
    }

    /// This host's number, 0 to 23.
    public var number: Int
    /// Where this host hears from the others, and they from it.
    public var listen: SocketAddress
    /// The other hosts by number; on the same network segment.
    public var peers: [Int: SocketAddress]
    public var service: ServiceAddresses
    public var interface: String
    /// What makes messages of the place's hosts believed.
    public var secret: [UInt8]
    public var method = Method.auto
    /// How often a host tells the others that it is there.
    public var heartbeatMilliseconds = 100
    /// A host that was not heard for so long gets no packets.
    public var silenceMilliseconds = 500
    /// The same for one that said it is about to start again.
    public var restartMilliseconds = 30_000
    /// How far the clocks of two hosts may be apart for a message to be believed.
    public var maxClockSkewMilliseconds = 30_000

    /// - Throws: `SecondChanceError` that names the setting.
    public init(
        number: Int, listen: SocketAddress, peers: [Int: SocketAddress], service: ServiceAddresses, interface: String,
        secret: [UInt8]
    ) throws(SecondChanceError) {
        let numbers = 0..<ProgramSettings.maximumHosts
        guard numbers.contains(number), peers.keys.allSatisfy(numbers.contains) else {
            throw SecondChanceError("lb.number: hosts of a place are numbered from 0 to \(numbers.upperBound - 1)")
        }
        guard peers[number] == nil else { throw SecondChanceError("lb.peers: number \(number) is this host itself") }
        guard secret.count >= 16 else {
            throw SecondChanceError("lb.secret: at least 16 bytes, the same on all hosts of the place")
        }
        self.number = number
        self.listen = listen
        self.peers = peers
        self.service = service
        self.interface = interface
        self.secret = secret
    }
}
