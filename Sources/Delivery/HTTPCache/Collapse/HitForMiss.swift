/// Remembers for a while which URLs gave responses that can't be stored, so that their requests don't queue.
struct HitForMiss {
    /// Beyond it the memory starts anew: requests queue once more, nothing else happens.
    private static let maximumCount = 4096

    /// By hash of the key: when to forget it, in seconds.
    private var expiries: [UInt64: Int64] = [:]

    mutating func insert(_ hash: UInt64, until expiry: Int64) {
        if expiries.count >= HitForMiss.maximumCount { expiries.removeAll(keepingCapacity: true) }
        expiries[hash] = expiry
    }

    mutating func remove(_ hash: UInt64) {
        guard !expiries.isEmpty else { return }
        expiries[hash] = nil
    }

    func contains(_ hash: UInt64, now: Int64) -> Bool {
        guard !expiries.isEmpty, let expiry = expiries[hash] else { return false }
        return now < expiry
    }

    mutating func removeAll() { expiries = [:] }
}
