import EventLog
import SQL
import Synchronization

/// Where a job begins to read when it has no checkpoint, or is told to begin anew.
public struct JobStart: Sendable {
    /// From the latest event on instead of the oldest that is kept.
    public var fromLatest = false
    /// Forgets the checkpoint's offsets and state.
    public var rewindsInputs = false

    public init() {}

    var position: LogPosition { fromLatest ? .latest : .earliest }
}

/// How a run ended.
enum JobEnd {
    case completed
    case stopped
    case failed(SQLError)
}

/// What a run tells those who watch it.
enum JobEvent {
    case started
    case planned(JobPlan, targets: [String])
    case progress(JobProgress)
    case checkpoint(JobCheckpointInfo, savepoint: String?)
    case note(String)
    case ended(JobEnd)
}

/// How far a job has come.
public struct JobProgress: Sendable, Hashable {
    /// Rows read and rows answered since the job began.
    public var rowsIn: Int64 = 0
    public var rowsOut: Int64 = 0
    /// Rows that came after their window had closed.
    public var lateRows: Int64 = 0
    /// Rows since the job began that an expression failed on, and that are dead letters now.
    public var deadRows: Int64 = 0
    public var stateBytes = 0
    /// Microseconds since 1970; `nil` before the first event.
    public var watermark: Int64?
    /// Events in the topics that were not read yet.
    public var lagRows: Int64 = 0
    /// How far an event time of this run was ahead of the clock at most, microseconds. The watermark does not follow it.
    public var clockAheadMicroseconds: Int64 = 0
    /// By node of the job's plan.
    public var nodes: [JobNodeProgress] = []
    /// Those outside of the log.
    public var sinks: [JobSinkState] = []
}

/// What others ask of a running job, from any thread.
final class JobControl: Sendable {
    enum Request: Sendable {
        case stop(savepoint: String?)
        case savepoint(String)
    }

    private let requests = Mutex<[Request]>([])
    private let abandoned = Atomic<Bool>(false)

    func ask(_ request: Request) { requests.withLock { $0.append(request) } }
    var isAsked: Bool { requests.withLock { !$0.isEmpty } }
    func putBack(_ request: Request) { requests.withLock { $0.insert(request, at: 0) } }
    func next() -> Request? { requests.withLock { $0.isEmpty ? nil : $0.removeFirst() } }

    /// Ends without a checkpoint, as a crash does.
    func abandon() { abandoned.store(true, ordering: .relaxed) }
    var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }
}
