import Glibc
import HTTPCache
import Runtime
import Synchronization

/// Gives back the memory of what was purged, on a thread of its own, one sweep at a time.
final class CacheSweeper: Sendable {
    private let cache: ResponseCache
    private let thread = WorkerThread(name: "sweeper", mailboxLimit: 2)
    /// Three times as long as the slices before it take, for the loops to have the locks and the cores.
    private static let pauseMicroseconds: UInt32 = 50

    private let isStopping = Atomic<Bool>(false)

    init(_ cache: ResponseCache) { self.cache = cache }

    /// Sweeps soon. A sweep that waits already will do.
    func wake() {
        let cache = cache
        _ = thread.post { [weak self] in
            cache.sweep {
                self?.isStopping.load(ordering: .relaxed) == false
            } pause: {
                usleep(CacheSweeper.pauseMicroseconds)
            }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        thread.stop()
    }
}
