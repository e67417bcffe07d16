import Columns
import EventLog
import Runtime
import SQL

/// One run of a job, from its last checkpoint on. Its state is touched by the thread that runs its step, one at a time.
///
/// Exactly once: a checkpoint holds the inputs' offsets, what every stage keeps, and the rows answered since the
/// checkpoint before; when it is on the device these rows are appended to their topics, marked with the job and the epoch. A
/// run that begins looks how many rows of its checkpoint's epoch are in the topics, and appends the rest.
final class JobRun: SteppedTask, @unchecked Sendable {
    private enum Phase {
        case launching
        case running
        /// The last checkpoint is being written out.
        case ending(JobEnd)
    }

    private static let sliceNanoseconds: Int64 = 10_000_000
    /// Shards that go from round to round rest this often at least, so that others see how far the job has come.
    private static let restNanoseconds: Int64 = 50_000_000

    let control = JobControl()
    let name: String
    let script: JobScript
    let service: QueryService
    let folder: JobFolder
    let settings: JobSettings
    let from: JobStart
    let report: @Sendable (JobEvent) -> Void
    let writer: any WorkQueue

    private var phase = Phase.launching
    var queries: [PhysicalQuery] = []
    /// Of each statement.
    var meetings: [InputMeetings] = []
    var outputs: [JobOutput] = []
    var inputs: [JobInput] = []
    var subscriptions: [Subscription] = []
    let account: MemoryAccount

    var epoch: Int64 = 0
    var incarnation: Int64 = 0
    var schedule = CheckpointSchedule()
    /// The checkpoint that is on its way to the device.
    var writing: CheckpointWrite?
    /// Rows answered since the last checkpoint, by output.
    var pending: [[Batch]] = []
    var pendingBytes = 0
    /// The output of a statement's late rows, by statement.
    var lateOutputs: [Int: Int] = [:]
    /// Of the last checkpoint, what is not yet acknowledged; one append is under way at a time.
    let outbox: JobOutbox
    var counts: [String: Int64] = [:]
    /// In `counts`, the rows that were read before this run.
    static let rowsInName = "rows_in"
    /// In this run, by output.
    var rowsAnswered: [(rows: Int64, bytes: Int64)] = []
    var planParts: [PlanPart] = []
    private var hasNotedFuture = false
    /// What inputs told: two statements that read one table have the same to tell.
    private var noted: Set<String> = []
    /// When shards rested last.
    private var rested: Int64 = 0
    /// When somebody subscribed to the job's targets last, or it began: monotonic, microseconds.
    private var lastSubscribed: Int64?
    /// The statements whose rows go to shards by key.
    var keyed: [Int: KeyedStatement] = [:]
    /// Of each shard by key, the rows that its steps could make nothing of.
    var shardLetters: [DeadLetters?] = []
    /// Rows that no step could make anything of; `nil` where the job fails then. Their output is the last one.
    let deadLetters: DeadLetters?

    init(
        name: String, script: JobScript, service: QueryService, folder: JobFolder, settings: JobSettings,
        writer: any WorkQueue, from: JobStart, report: @escaping @Sendable (JobEvent) -> Void
    ) {
        self.name = name
        self.script = script
        self.service = service
        self.folder = folder
        self.settings = settings
        self.writer = writer
        self.from = from
        self.report = report
        self.account = MemoryAccount(
            limitBytes: settings.stateBytes, owner: "job \(name)", setting: "jobs.state_bytes",
            advice: "group by fewer distinct values, by windows, whose groups end, or have SET 'table.exec.state.ttl' "
                + "let go of what nothing touches")
        self.outbox = JobOutbox(log: service.log)
        self.deadLetters = settings.deadLetterTopic.isEmpty ? nil : Self.makeDeadLetters(service)
    }

    static func makeDeadLetters(_ service: QueryService) -> DeadLetters {
        let clock = service.clock
        return DeadLetters(now: { clock.now() })
    }

    func abandon() { end(.stopped) }

    func step() -> StepResult {
        do throws(SQLError) {
            return try work()
        } catch {
            end(.failed(error))
            return .done
        }
    }

    /// The last checkpoint has begun.
    var isEnding: Bool { if case .ending = phase { true } else { false } }

    private func work() throws(SQLError) -> StepResult {
        if control.isAbandoned {
            end(.stopped)
            return .done
        }
        if case .launching = phase {
            try launch()
            phase = .running
            report(.started)
        }
        try settle()
        if case .ending(let reason) = phase {
            // What a refusing sink has not taken is in the checkpoint: the next run goes on with it.
            guard isSettled || writing == nil && outbox.isRefused else { return .wait }
            end(reason)
            return .done
        }
        let deadline = now() + Self.sliceNanoseconds
        while true {
            if !isInRound {
                rested = now()
                if try takeRequests() { return .again }
            }
            var hadRows = false
            let isHeldUp = !isInRound && hasFullOutput
            if !isHeldUp {
                switch try readOnce(until: deadline) {
                case .nothing: hadRows = false
                case .rows: hadRows = true
                case .busy: return .wait
                case .again: return .again
                }
            }
            if inputs.allSatisfy(\.isFinished), queries.allSatisfy({ $0.output.isFinished }) {
                return try finish(.completed)
            }
            try settle()
            if !isInRound {
                if isAbandonedByAll { return try finish(.completed) }
                if isCheckpointDue {
                    try beginCheckpoint(savepoint: nil)
                    // It has taken the rows that were in the way.
                    if isHeldUp { return .again }
                }
                if now() >= deadline || !hadRows { note() }
            }
            if !hadRows { return .wait }
            if now() >= deadline { return .again }
        }
    }

    /// Carries out what was asked of the job from outside.
    ///
    /// - Returns: whether the job ends.
    private func takeRequests() throws(SQLError) -> Bool {
        while isSettled || writing == nil && outbox.isRefused, let request = control.next() {
            switch request {
            case .stop(let savepoint):
                if isSettled {
                    try beginCheckpoint(savepoint: savepoint.flatMap { unusedLabel($0) })
                } else if savepoint != nil {
                    report(.note("no savepoint: a sink takes no rows"))
                }
                phase = .ending(.stopped)
                return true
            case .savepoint where !isSettled:
                control.putBack(request)
                return false
            case .savepoint(let label): if let label = unusedLabel(label) { try beginCheckpoint(savepoint: label) }
            }
        }
        return false
    }

    /// The label; `nil` where a savepoint of it was written since it was asked for.
    private func unusedLabel(_ label: String) -> String? {
        guard folder.savepoints.contains(label) else { return label }
        report(.note("no savepoint: there is one of the label \(label) already"))
        return nil
    }

    /// The job is there for its subscribers, and the last has been gone for long enough.
    private var isAbandonedByAll: Bool {
        guard let timeout = script.header.transientTimeout, let log = service.log else { return false }
        let now = service.clock.monotonicNanoseconds() / 1_000
        let isWatched = outputs.prefix(queries.count).contains { output in
            guard case .topic(let topic) = output.sink else { return false }
            return log.subscriberCount(topic: topic) > 0
        }
        guard let last = lastSubscribed, !isWatched else {
            lastSubscribed = now
            return false
        }
        return now - last >= timeout
    }

    private func finish(_ reason: JobEnd) throws(SQLError) -> StepResult {
        guard isSettled else { return .wait }
        try beginCheckpoint(savepoint: nil)
        phase = .ending(reason)
        return .again
    }

    // MARK: Reading

    /// Hands on a batch of the input whose event time is the farthest behind, so that no side of a join runs ahead.
    ///
    /// - Parameter deadline: of the system's clock, for those that take several turns.
    private func readOnce(until deadline: Int64) throws(SQLError) -> JobInput.Advance {
        var order = inputs.indices.filter { inputs[$0].isInRound }
        if order.isEmpty {
            for query in queries { try query.poll() }
            order = inputs.indices.filter { !inputs[$0].isFinished }.sorted { inputs[$0].isBefore(inputs[$1]) }
        }
        var result = JobInput.Advance.nothing
        for index in order where !queries.contains(where: \.isFull) {
            result = try inputs[index].advance(until: deadline, mayOverlap: { mayOverlap(index) }) { [weak self] in
                self?.wake()
            }
            if result == .busy || result == .again { return result }
            guard result == .rows else {
                try leaveOutIdle(inputs[index])
                continue
            }
            for letters in inputs[index].takeDeadLetters() { try add(letters: letters) }
            break
        }
        for (index, query) in queries.enumerated() {
            for batch in query.output.drain() where batch.rowCount > 0 { add(batch, to: index, as: "rows_out") }
            guard let late = query.late, let output = lateOutputs[index] else { continue }
            for batch in late.drain() { add(batch, to: output, as: "late_rows_out") }
        }
        if let letters = deadLetters?.take() { try add(letters: letters) }
        return result
    }

    /// Has the scans of an input that has nothing now, where they are idle, go along with those that they meet.
    private func leaveOutIdle(_ input: JobInput) throws(SQLError) {
        guard !input.isFinished, input.scans.contains(where: \.isIdle) else { return }
        try input.bringUpIdle { scan in
            let statement = scan.place.statement
            var standings = [InputMeetings.Standing?](repeating: nil, count: queries[statement].scans.count)
            for other in inputs {
                for known in other.scans where known.place.statement == statement {
                    standings[known.place.number] = other.standing(of: known)
                }
            }
            return meetings[statement].time(for: scan.place.number, standings)
        }
    }

    /// Whether the shards of an input may begin another round while this thread hands on what came of the last: nothing is
    /// due that needs them at rest, and it is this input's turn again.
    private func mayOverlap(_ index: Int) -> Bool {
        now() - rested < Self.restNanoseconds && !control.isAsked && !hasFullOutput && !isCheckpointDue
            && inputs.indices.allSatisfy { $0 == index || inputs[$0].isFinished }
            && !queries.contains(where: \.isFull)
    }

    /// Since the job began.
    var rowsIn: Int64 { inputs.reduce(counts[Self.rowsInName] ?? 0) { $0 + $1.freshRows } }

    private func add(letters: Batch) throws(SQLError) {
        add(letters, to: outputs.count - 1, as: "dead_rows")
        try prepareDeadLetters()
    }

    private func add(_ batch: Batch, to output: Int, as counter: String) {
        counts[counter, default: 0] += Int64(batch.rowCount)
        rowsAnswered[output].rows += Int64(batch.rowCount)
        rowsAnswered[output].bytes += Int64(batch.memoryBytes)
        // Nobody waits for rows that are let go of.
        if case .blackhole = outputs[output].sink { return }
        pending[output].append(batch)
        pendingBytes += batch.memoryBytes
    }

    // MARK: Telling

    func wake() { service.pool.wake(self) }

    /// Says once that an event comes from the future.
    private func noteFuture() -> Int64 {
        let ahead = inputs.map(\.farthestAhead).max() ?? 0
        if ahead > settings.futureToleranceMicroseconds, !hasNotedFuture {
            hasNotedFuture = true
            let name = inputs.first { $0.farthestAhead == ahead }?.name ?? ""
            let seconds = ahead / 1_000_000
            report(.note("an event of \(name) is \(seconds) s ahead of the clock; the watermark stays behind it"))
        }
        return ahead
    }

    private func note() {
        for note in inputs.flatMap({ $0.takeNotes() }) where noted.insert(note).inserted { report(.note(note)) }
        let watermarks = inputs.filter { !$0.isFinished && !$0.isTable }.map(\.watermark)
        report(
            .progress(
                JobProgress(
                    rowsIn: rowsIn, rowsOut: counts["rows_out"] ?? 0,
                    lateRows: Int64(queries.reduce(lateRowsOfShards) { $0 + $1.lateRows }),
                    deadRows: counts["dead_rows"] ?? 0,
                    stateBytes: account.usedBytes,
                    watermark: watermarks.min().flatMap { $0 == .min ? nil : $0 },
                    lagRows: inputs.reduce(0) { $0 + lag(of: $1) },
                    clockAheadMicroseconds: noteFuture(), nodes: measured(), sinks: outbox.standing)))
    }

    func now() -> Int64 { service.systemNanoseconds() }

    private func end(_ reason: JobEnd) {
        for subscription in subscriptions { subscription.cancel() }
        subscriptions = []
        outbox.close()
        for input in inputs { input.close() }
        planParts = []
        inputs = []
        queries = []
        keyed = [:]
        report(.ended(reason))
    }
}
