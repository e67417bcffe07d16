import HTTPCache
import Runtime
import Synchronization

/// Gives back the memory of what was purged, on a thread of its own, one sweep at a time, with a tenth of a core.
final class CacheSweeper: Sendable {
    private let cache: ResponseCache
    private let thread = WorkerThread(name: "sweeper", mailboxLimit: 2)
    private let isStopping = Atomic<Bool>(false)

    init(_ cache: ResponseCache) { self.cache = cache }

    /// Sweeps soon. A sweep that waits already will do.
    func wake() {
        let cache = cache
        _ = thread.post { [weak self] in
            var pace = WorkPace()
            cache.sweep {
                pace.rest()
                return self?.isStopping.load(ordering: .relaxed) == false
            }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        thread.stop()
    }
}
