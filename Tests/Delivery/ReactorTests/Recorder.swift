import Reactor
import Synchronization

/// A handler that notes what happens, answers bytes by a closure, and can be waited for.
final class Recorder: TCPHandler, @unchecked Sendable {
    struct Seen: Sendable {
        var bytes: [UInt8] = []
        var isConnected = false
        var facts: TLSFacts?
        var sawEnd = false
        var canSendMoreCount = 0
        var drainedCount = 0
        var deadlineCount = 0
        var closed: CloseReason?
    }

    let seen = Mutex(Seen())
    var onBytes: ((Recorder, [UInt8]) -> Void)?
    var onMore: ((Recorder) -> Void)?
    var connection: TCPConnection?

    func connected() { seen.withLock { $0.isConnected = true } }

    func secured() {
        let facts = connection?.tlsFacts
        seen.withLock { $0.facts = facts }
    }

    func received(_ bytes: Span<UInt8>) {
        let copy = [UInt8](capacity: bytes.count) { out in
            for index in bytes.indices { out.append(bytes[index]) }
        }
        seen.withLock { $0.bytes += copy }
        onBytes?(self, copy)
    }

    func receivedEnd() { seen.withLock { $0.sawEnd = true } }

    func canSendMore() {
        seen.withLock { $0.canSendMoreCount += 1 }
        onMore?(self)
    }

    func drained() { seen.withLock { $0.drainedCount += 1 } }
    func deadlinePassed() { seen.withLock { $0.deadlineCount += 1 } }

    func closed(_ reason: CloseReason) {
        seen.withLock { $0.closed = reason }
        connection = nil
    }

    func wait(_ condition: @Sendable (Seen) -> Bool) -> Bool {
        eventually { self.seen.withLock { condition($0) } }
    }
}
