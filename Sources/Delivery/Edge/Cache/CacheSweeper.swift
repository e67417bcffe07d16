import HTTPCache
import Runtime

/// Gives back the memory of what was purged or evicted, on a thread of its own: one sweep at a time, with a tenth of a core,
/// and behind each, else once a second, a look at what heaps keep.
final class CacheSweeper: Sendable {
    private static let lookNanoseconds: Int64 = 1_000_000_000

    private struct State {
        var isWanted = false
        var isStopping = false
        var hasEnded = false
    }

    private enum Step {
        case sweep, stop
    }

    private let state = Monitor(State())

    /// - Parameter limitBytes: what the cache may hold.
    init(_ cache: ResponseCache, limitBytes: Int) {
        let state = state
        Thread.start(name: "sweeper") { Self.run(cache, limitBytes: limitBytes, state) }
    }

    deinit { state.update { $0.isStopping = true } }

    /// Sweeps soon.
    func wake() { state.update { $0.isWanted = true } }

    /// Returns when nothing is done any more.
    func stop() {
        state.update { $0.isStopping = true }
        _ = state.wait { $0.hasEnded ? true : nil }
    }

    private static func run(_ cache: ResponseCache, limitBytes: Int, _ state: Monitor<State>) {
        var watch = FreedMemoryWatch(
            limitBytes: limitBytes, residentBytes: ProcessFacts.residentBytes(), cachedBytes: cache.counters.bytes)
        loop: while true {
            let step = state.wait(timeoutNanoseconds: lookNanoseconds) { state -> Step? in
                if state.isStopping { return .stop }
                defer { state.isWanted = false }
                return state.isWanted ? .sweep : nil
            }
            switch step {
            case .stop: break loop
            case .sweep: sweep(cache, state)
            case nil: break
            }
            look(cache, &watch)
        }
        state.update { $0.hasEnded = true }
    }

    private static func sweep(_ cache: ResponseCache, _ state: Monitor<State>) {
        var pace = WorkPace()
        cache.sweep {
            pace.rest()
            return !state.withLock { $0.isStopping }
        }
    }

    private static func look(_ cache: ResponseCache, _ watch: inout FreedMemoryWatch) {
        let cached = cache.counters.bytes
        let before = ProcessFacts.residentBytes()
        guard watch.isDue(residentBytes: before, cachedBytes: cached) else { return }
        FreedMemory.giveBack()
        watch.noteGivenBack(before: before, residentBytes: ProcessFacts.residentBytes(), cachedBytes: cached)
    }
}
