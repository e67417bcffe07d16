/// Maglev's lookup table (Eisenbud et al., NSDI 2016, 3.4): each endpoint fills its share of a table of prime size in an
/// order of its own. Evener than a ring; a few more keys move when an endpoint comes or goes.
struct MaglevTable {
    /// Prime, and at least a hundred times the endpoints where there are up to 655.
    static let size = 65_537

    private var table: [UInt16]

    /// - Parameter hosts: stable identity and weight of each endpoint.
    init(_ hosts: [(id: UInt64, weight: Double)]) {
        let size = MaglevTable.size
        guard !hosts.isEmpty else {
            table = []
            return
        }
        table = [UInt16](repeating: .max, count: size)
        let heaviest = hosts.reduce(0) { max($0, $1.weight) }
        var next = hosts.map { Int(StableHash.mix($0.id) % UInt64(size)) }
        let skips = hosts.map { Int(StableHash.mix($0.id ^ 0x5BD1_E995_9D1B_58D3) % UInt64(size - 1)) + 1 }
        // Turns that an endpoint is owed; the heaviest gets one in each round.
        var owed = [Double](repeating: 0, count: hosts.count)
        var filled = 0
        while filled < size {
            for index in hosts.indices where filled < size {
                owed[index] += hosts[index].weight / heaviest
                guard owed[index] >= 1 else { continue }
                owed[index] -= 1
                while table[next[index]] != .max { next[index] = (next[index] + skips[index]) % size }
                table[next[index]] = UInt16(index)
                filled += 1
            }
        }
    }

    /// The owner of the key's place, or of places behind it in an order of the key's own, until one is accepted.
    func first(_ key: UInt64, where accepts: (Int) -> Bool) -> Int? {
        guard !table.isEmpty else { return nil }
        var place = Int(StableHash.mix(key) % UInt64(table.count))
        let skip = Int(StableHash.mix(key ^ 0x9E37_79B9_7F4A_7C15) % UInt64(table.count - 1)) + 1
        var refused: Set<UInt16> = []
        for _ in 0..<table.count {
            let owner = table[place]
            if !refused.contains(owner) {
                if accepts(Int(owner)) { return Int(owner) }
                refused.insert(owner)
            }
            place = (place + skip) % table.count
        }
        return nil
    }

    /// Share of the table that an endpoint has.
    func share(_ index: Int) -> Double {
        Double(table.count { $0 == UInt16(index) }) / Double(table.count)
    }
}
