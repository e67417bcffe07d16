import COpenSSL
import Runtime
import Synchronization

/// The keys that session tickets are sealed with (RFC 5077), one set for all loops. The newest seals; older ones still
/// open until a session's life is over, so that whoever steals one reads a third of that time at most.
final class TLSTicketKeys: Sendable {
    struct Key: Sendable {
        static let nameBytes = 16
        /// 32 bytes for AES-256, 32 for HMAC-SHA-256.
        static let secretBytes = 64
        let name: [UInt8]
        let secret: [UInt8]
        let born: Int64
    }

    private let keys = Mutex<[Key]>([])

    /// The key to seal with; a new one when the newest is old.
    func newest(lifetimeSeconds: Int) -> Key? {
        let now = TLSTicketKeys.now()
        return keys.withLock { keys in
            if let first = keys.first, now - first.born < Int64(max(1, lifetimeSeconds / 3)) { return first }
            guard let fresh = TLSTicketKeys.make(now) else { return nil }
            keys.removeAll { now - $0.born >= Int64(lifetimeSeconds) }
            keys.insert(fresh, at: 0)
            return fresh
        }
    }

    /// The key of a ticket, and whether a ticket sealed anew should replace it.
    func find(_ name: UnsafeBufferPointer<UInt8>, lifetimeSeconds: Int) -> (key: Key, isOld: Bool)? {
        let now = TLSTicketKeys.now()
        return keys.withLock { keys in
            for (index, key) in keys.enumerated()
            where now - key.born < Int64(lifetimeSeconds) && key.name.elementsEqual(name) {
                return (key, index > 0)
            }
            return nil
        }
    }

    private static func make(_ now: Int64) -> Key? {
        var bytes = [UInt8](repeating: 0, count: Key.nameBytes + Key.secretBytes)
        guard RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        return Key(name: Array(bytes.prefix(Key.nameBytes)), secret: Array(bytes.dropFirst(Key.nameBytes)), born: now)
    }

    private static func now() -> Int64 {
        SystemClock().monotonicNanoseconds() / 1_000_000_000
    }
}
