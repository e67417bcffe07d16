import CPlatform
import Glibc

/// Takes work that blocks and does it elsewhere, one piece after the other.
public protocol WorkQueue: Sendable {
    /// - Returns: False when there is no room or an end is being made; the work will not be done.
    func post(_ job: @escaping @Sendable () -> Void) -> Bool
    /// Takes no more, does what waits, and returns when the last has ended.
    func stop()
}

/// A named thread that runs jobs one after the other from a bounded mailbox. For blocking work (disk, long queries)
/// that must stay off event loops and off Swift's task pool.
public final class WorkerThread: WorkQueue {
    private struct Mailbox {
        var jobs: [@Sendable () -> Void] = []
        var stopping = false
        var ended = false
    }

    private let mailbox: Monitor<Mailbox>
    private let limit: Int

    /// - Parameters:
    ///   - name: Shown by `top -H`; the system keeps 15 bytes.
    ///   - mailboxLimit: Jobs that may wait.
    public init(name: String, mailboxLimit: Int = 1024) {
        let mailbox = Monitor(Mailbox())
        self.mailbox = mailbox
        self.limit = mailboxLimit
        Thread.start(name: name) { WorkerThread.run(mailbox) }
    }

    deinit {
        mailbox.update { $0.stopping = true }
    }

    /// - Returns: False when the mailbox is full or the thread is stopping; the job will not run.
    public func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        mailbox.update { state in
            guard !state.stopping, state.jobs.count < limit else { return false }
            state.jobs.append(job)
            return true
        }
    }

    /// Takes no more jobs, runs those that wait, and returns when the last has ended.
    /// Must not be called from a job of the same thread.
    public func stop() {
        mailbox.update { $0.stopping = true }
        _ = mailbox.wait { $0.ended ? true : nil }
    }

    private static func run(_ mailbox: Monitor<Mailbox>) {
        while true {
            let jobs = mailbox.wait { state -> [@Sendable () -> Void]? in
                guard state.jobs.isEmpty else {
                    let jobs = state.jobs
                    state.jobs = []
                    return jobs
                }
                return state.stopping ? [] : nil
            }
            guard let jobs, !jobs.isEmpty else { break }
            for job in jobs { job() }
        }
        mailbox.update { $0.ended = true }
    }
}
