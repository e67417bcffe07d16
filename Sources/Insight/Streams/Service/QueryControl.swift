import Synchronization

/// What others tell a running query, from any thread.
final class QueryControl: Sendable {
    private let cancelled = Atomic<Bool>(false)
    private let resumes = Atomic<Int>(0)

    func cancel() { cancelled.store(true, ordering: .relaxed) }
    func resume() { resumes.add(1, ordering: .acquiringAndReleasing) }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    var resumeCount: Int { resumes.load(ordering: .acquiring) }
}
