import SQL
import Synchronization

/// The materialised views of a service by name.
final class ViewRegistry: Sendable {
    /// Who keeps views: makes one a job, and ends it.
    struct Keeper: Sendable {
        /// Name, the whole text, and whether a view may be there already.
        let create: @Sendable (String, String, Bool) throws(SQLError) -> Void
        let drop: @Sendable (String) throws(SQLError) -> Void
        /// The statements that a view was made with.
        let text: @Sendable (String) -> String?
        /// All jobs that there are.
        let jobs: @Sendable () -> [JobInfo]
        /// The job of a name.
        let job: @Sendable (String) -> JobInfo?
    }

    private let handles = Mutex<[String: ViewHandle]>([:])
    private let keeperState = Mutex<Keeper?>(nil)

    var keeper: Keeper? {
        get { keeperState.withLock { $0 } }
        set { keeperState.withLock { $0 = newValue } }
    }

    func handle(_ name: String) -> ViewHandle {
        handles.withLock { handles in
            if let handle = handles[name] { return handle }
            let handle = ViewHandle(name: name)
            handles[name] = handle
            return handle
        }
    }

    /// Those that hold something, by name.
    var published: [ViewHandle] {
        handles.withLock { Array($0.values) }.filter { $0.snapshot != nil }.sorted { $0.name < $1.name }
    }

    func snapshot(_ name: String) -> ViewSnapshot? { handles.withLock { $0[name] }?.snapshot }

    /// How its job keeps a view: `kept`, or the job's state where that is another, and why it is kept up to date no more.
    func standing(of view: ViewHandle) -> (state: String, failure: String?) {
        guard let job = keeper?.job(view.name) else { return (view.failure == nil ? "kept" : "failed", view.failure) }
        switch job.phase {
        case "launched", "started": return ("kept", nil)
        // Its inputs have ended: there is nothing more to be kept up with.
        case "completed": return (job.phase, nil)
        case "failed", "restarting": return (job.phase, job.failure ?? view.failure)
        default: return (job.phase, view.failure ?? "its job is \(job.phase)")
        }
    }

    func remove(_ name: String) { handles.withLock { $0[name] }?.publish(nil) }
}
