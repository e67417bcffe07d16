/// A ring of points for consistent hashing (Karger et al. 1997): when an endpoint comes or goes, only keys of its own
/// arcs move. Points of endpoints that can't be used are passed over.
struct HashRing {
    /// Points of an endpoint of mean weight.
    static let pointsPerEndpoint = 160
    /// Points of a ring; beyond it endpoints have fewer each.
    static let maximumPoints = 1 << 20

    private let hashes: [UInt64]
    private let owners: [UInt16]

    /// - Parameter hosts: stable identity and weight of each endpoint.
    init(_ hosts: [(id: UInt64, weight: Double)]) {
        let total = hosts.reduce(0) { $0 + $1.weight }
        let budget = min(HashRing.maximumPoints, HashRing.pointsPerEndpoint * hosts.count)
        var points: [(hash: UInt64, owner: UInt16)] = []
        points.reserveCapacity(budget + hosts.count)
        for (index, host) in hosts.enumerated() {
            let count = max(1, Int((Double(budget) * host.weight / total).rounded()))
            var hash = host.id
            for _ in 0..<count {
                hash = StableHash.mix(hash &+ 0x9E37_79B9_7F4A_7C15)
                points.append((hash, UInt16(index)))
            }
        }
        points.sort { ($0.hash, $0.owner) < ($1.hash, $1.owner) }
        hashes = points.map(\.hash)
        owners = points.map(\.owner)
    }

    /// The owners of the key's place and of those behind it, until one is accepted.
    func first(_ key: UInt64, where accepts: (Int) -> Bool) -> Int? {
        guard !hashes.isEmpty else { return nil }
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < key { low = middle + 1 } else { high = middle }
        }
        var last = -1
        for step in 0..<hashes.count {
            let place = low + step < hashes.count ? low + step : low + step - hashes.count
            let owner = Int(owners[place])
            if owner != last, accepts(owner) { return owner }
            last = owner
        }
        return nil
    }
}
