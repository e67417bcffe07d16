/// Endpoints by number. Mostly few of few, so they are bits.
struct TriedHosts {
    private var bits: UInt64 = 0
    private var others: Set<Int> = []

    var isEmpty: Bool { bits == 0 && others.isEmpty }

    func contains(_ host: Int) -> Bool { host < 64 ? bits >> UInt64(host) & 1 != 0 : others.contains(host) }

    mutating func insert(_ host: Int) {
        if host < 64 { bits |= 1 << UInt64(host) } else { others.insert(host) }
    }
}
