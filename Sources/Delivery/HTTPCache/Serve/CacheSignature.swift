/// What a cache puts into the heads that it serves: the settings that each hit needs, without the others.
public struct CacheSignature: Sendable, Equatable {
    let name: String
    /// What stands between the numbers of Age and of the freshness left in a hit's head.
    let hitLines: [UInt8]

    init(_ name: String) {
        self.name = name
        hitLines = Array("\r\nVia: 1.1 \(name)\r\nCache-Status: \(name); hit; ttl=".utf8)
    }
}
