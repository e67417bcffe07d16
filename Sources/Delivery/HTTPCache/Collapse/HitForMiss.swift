import Bytes

/// Remembers for a while which URLs gave responses that can't be stored, so that their requests don't queue.
struct HitForMiss {
    /// Beyond it the memory starts anew: requests queue once more, nothing else happens.
    private static let maximumCount = 4096

    /// By hash of the key: seconds between which it is remembered. A clock that is set back ends it, too.
    private var expiries: [PrehashedKey: ClosedRange<Int64>] = [:]

    mutating func insert(_ hash: UInt64, now: Int64, seconds: Int64) {
        guard seconds > 0 else { return }
        if expiries.count >= HitForMiss.maximumCount { expiries.removeAll(keepingCapacity: true) }
        expiries[PrehashedKey(hash)] = now - Freshness.clockToleranceSeconds...now + seconds - 1
    }

    mutating func remove(_ hash: UInt64) {
        guard !expiries.isEmpty else { return }
        expiries[PrehashedKey(hash)] = nil
    }

    func contains(_ hash: UInt64, now: Int64) -> Bool {
        guard !expiries.isEmpty, let times = expiries[PrehashedKey(hash)] else { return false }
        return times.contains(now)
    }

    mutating func removeAll() { expiries = [:] }
}
