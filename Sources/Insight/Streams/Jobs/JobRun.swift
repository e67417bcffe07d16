import Columns
import EventLog
import Runtime
import SQL

/// One run of a job, from its last checkpoint on. Its state is touched by the thread that runs its step, one at a time.
///
/// Exactly once: a checkpoint holds the inputs' offsets, what every stage keeps, and the rows answered since the
/// checkpoint before; when it is on disk these rows are appended to their topics, marked with the job and the epoch. A
/// run that begins looks how many rows of its checkpoint's epoch are in the topics, and appends the rest.
final class JobRun: SteppedTask, @unchecked Sendable {
    private enum Phase {
        case launching
        case running
        /// The last checkpoint is being written out.
        case ending(JobEnd)
    }

    private static let sliceNanoseconds: Int64 = 10_000_000
    /// A checkpoint takes at most this share of the time, so that a large state makes them rarer.
    private static let costFactor: Int64 = 10

    let control = JobControl()
    private let name: String
    private let script: JobScript
    private let service: QueryService
    private let folder: JobFolder
    private let settings: JobSettings
    private let from: JobStart
    private let report: @Sendable (JobEvent) -> Void

    private var phase = Phase.launching
    private var queries: [PhysicalQuery] = []
    private var outputs: [JobOutput] = []
    private var inputs: [JobInput] = []
    private var subscriptions: [Subscription] = []
    private let account: MemoryAccount

    private var epoch: Int64 = 0
    /// Rows answered since the last checkpoint, by output.
    private var pending: [[Batch]] = []
    private var pendingBytes = 0
    /// Of the last checkpoint, what is not yet acknowledged; one append is under way at a time.
    private let outbox: JobOutbox
    private var lastCheckpointNanoseconds: Int64 = 0
    private var lastCostNanoseconds: Int64 = 0
    private var lastOffsets: [[Int: Int64]] = []
    private var counts: [String: Int64] = [:]
    private var rowsReported: Int64 = 0

    init(
        name: String, script: JobScript, service: QueryService, folder: JobFolder, settings: JobSettings,
        from: JobStart, report: @escaping @Sendable (JobEvent) -> Void
    ) {
        self.name = name
        self.script = script
        self.service = service
        self.folder = folder
        self.settings = settings
        self.from = from
        self.report = report
        self.account = MemoryAccount(
            limitBytes: settings.stateBytes, owner: "job \(name)", setting: "jobs.state_bytes")
        self.outbox = JobOutbox(log: service.log)
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
        try outbox.advance { [weak self] in self?.wake() }
        if case .ending(let reason) = phase {
            guard outbox.isEmpty else { return .wait }
            end(reason)
            return .done
        }
        let deadline = now() + Self.sliceNanoseconds
        while true {
            if try takeRequests() { return .again }
            let hadRows = pendingBytes < settings.outputBytes ? try readOnce() : false
            if inputs.allSatisfy(\.isFinished), queries.allSatisfy({ $0.output.isFinished }) {
                return try finish(.completed)
            }
            if try checkpointIfDue() { try outbox.advance { [weak self] in self?.wake() } }
            if now() >= deadline || !hadRows { note() }
            if !hadRows { return .wait }
            if now() >= deadline { return .again }
        }
    }

    /// Carries out what was asked of the job from outside.
    ///
    /// - Returns: whether the job ends.
    private func takeRequests() throws(SQLError) -> Bool {
        while let request = control.next() {
            switch request {
            case .stop(let savepoint):
                guard outbox.isEmpty else {
                    control.putBack(request)
                    return false
                }
                try checkpoint(savepoint: savepoint)
                phase = .ending(.stopped)
                return true
            case .savepoint(let label):
                guard outbox.isEmpty else {
                    control.putBack(request)
                    return false
                }
                try checkpoint(savepoint: label)
                try outbox.advance { [weak self] in self?.wake() }
            }
        }
        return false
    }

    private func finish(_ reason: JobEnd) throws(SQLError) -> StepResult {
        guard outbox.isEmpty else { return .wait }
        try checkpoint(savepoint: nil)
        phase = .ending(reason)
        return .again
    }

    // MARK: Reading

    /// Hands on a batch of the input whose event time is the farthest behind, so that no side of a join runs ahead.
    ///
    /// - Returns: whether there was one.
    private func readOnce() throws(SQLError) -> Bool {
        let order = inputs.indices.filter { !inputs[$0].isFinished }.sorted {
            inputs[$0].watermark < inputs[$1].watermark
        }
        var hadRows = false
        for index in order {
            if try inputs[index].advance() {
                hadRows = true
                break
            }
        }
        for (index, query) in queries.enumerated() {
            for batch in query.output.drain() where batch.rowCount > 0 {
                pending[index].append(batch)
                pendingBytes += batch.memoryBytes
                counts["rows_out", default: 0] += Int64(batch.rowCount)
            }
        }
        return hadRows
    }

    // MARK: Checkpoints

    private func checkpointIfDue() throws(SQLError) -> Bool {
        guard outbox.isEmpty else { return false }
        let offsets = inputs.map(\.saved.offsets)
        guard pendingBytes > 0 || offsets != lastOffsets else { return false }
        let passed = now() - lastCheckpointNanoseconds
        let pause = lastCostNanoseconds * Self.costFactor
        // Rows that wait for readers hurry; a state that only grew can wait for its turn.
        let interval = Int64(settings.checkpointIntervalMilliseconds) * 1_000_000
        guard passed >= (pendingBytes > 0 ? pause : max(pause, interval)) else { return false }
        try checkpoint(savepoint: nil)
        return true
    }

    /// - Precondition: the outbox is empty: every row of the checkpoint before is acknowledged.
    private func checkpoint(savepoint: String?) throws(SQLError) {
        let began = now()
        epoch += 1
        let ends = outputs.map { output in service.log.map { output.endOffset($0) } ?? 0 }
        let written = Checkpoint(
            epoch: epoch, inputs: inputs.map(\.saved), states: try savedStates(),
            outputs: outputs.indices.map { index in
                Checkpoint.Output(target: outputs[index].target, firstOffset: ends[index], batches: pending[index])
            }, counts: counts)
        let bytes = written.encoded()
        do throws(StorageError) {
            try folder.write(bytes)
            if let savepoint { try folder.write(bytes, savepoint: savepoint) }
        } catch {
            throw SQLError(code: .sinkFailed, message: "the checkpoint of job \(name) can't be written: \(error)")
        }
        for (index, output) in outputs.enumerated() where !pending[index].isEmpty {
            outbox.add(output.appends(pending[index], job: name, epoch: epoch), to: output)
            pending[index] = []
        }
        pendingBytes = 0
        lastOffsets = written.inputs.map(\.offsets)
        lastCostNanoseconds = now() - began
        lastCheckpointNanoseconds = now()
        report(
            .checkpoint(
                epoch: epoch, bytes: bytes.count, microseconds: lastCostNanoseconds / 1_000, savepoint: savepoint))
    }

    private func savedStates() throws(SQLError) -> [(key: String, state: OperatorState)] {
        var states: [(key: String, state: OperatorState)] = []
        for (index, query) in queries.enumerated() {
            for (key, state) in try query.savedStates() { states.append(("\(index) \(key)", state)) }
        }
        return states
    }

    // MARK: Launch

    private func launch() throws(SQLError) {
        let checkpoint = try loadCheckpoint()
        if let checkpoint {
            epoch = checkpoint.epoch
            counts = checkpoint.counts
        }
        let plans = try script.plans(service)
        let saved = Dictionary(
            (checkpoint?.inputs ?? []).map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, plan) in plans.enumerated() {
            var planner = PhysicalPlanner(
                isLive: plan.isLive, context: EvaluationContext(now: service.clock.now()), account: account)
            planner.stateTimeToLiveMicroseconds = Int64(service.limits.stateTimeToLiveMilliseconds) * 1_000
            planner.isBounded = { !plan.readsTopics($0) }
            let query = try planner.plan(plan.plan)
            queries.append(query)
            outputs.append(plan.output)
            pending.append([])
            if let log = service.log { try plan.output.prepare(log, settings: settings.topicSettings) }
            for literal in query.literals where checkpoint == nil {
                try literal.input.stage.accept(literal.batch, port: literal.input.port)
            }
            for literal in query.literals { try literal.input.stage.close(port: literal.input.port) }
            for (number, scan) in query.scans.enumerated() {
                let key = "\(index).\(number) \(scan.table.name)"
                inputs.append(
                    try JobInput(
                        key: key, reading: try plan.reading(scan, now: service.clock.now()), scan: scan,
                        service: service, from: from.position, saved: from.rewindsInputs ? nil : saved[key]))
            }
        }
        if let checkpoint, !from.rewindsInputs { try restore(checkpoint) }
        if let checkpoint { try completeEpoch(checkpoint) }
        lastCheckpointNanoseconds = now()
        lastOffsets = checkpoint == nil ? [] : inputs.map(\.saved.offsets)
        try follow()
    }

    private func loadCheckpoint() throws(SQLError) -> Checkpoint? {
        let bytes: [UInt8]?
        do throws(StorageError) {
            bytes = try folder.readCheckpoint()
        } catch {
            throw SQLError(code: .sourceFailed, message: "the checkpoint of job \(name) can't be read: \(error)")
        }
        guard let bytes else { return nil }
        return try Checkpoint(decoding: bytes.span)
    }

    private func restore(_ checkpoint: Checkpoint) throws(SQLError) {
        for (index, query) in queries.enumerated() {
            let prefix = "\(index) "
            let states = checkpoint.states.filter { $0.key.hasPrefix(prefix) }
                .map { (key: String($0.key.dropFirst(prefix.count)), state: $0.state) }
            for note in try query.restore(states) { report(.note("statement \(index + 1): \(note)")) }
        }
    }

    /// Appends what of the checkpoint's rows is not in the topics yet.
    private func completeEpoch(_ checkpoint: Checkpoint) throws(SQLError) {
        guard let log = service.log else { return }
        for saved in checkpoint.outputs where !saved.batches.isEmpty {
            guard let output = outputs.first(where: { $0.target == saved.target }),
                saved.batches[0].columns.count == output.schema.count
            else {
                report(.note("rows that were not written to \(saved.target) yet are left behind"))
                continue
            }
            var skip = try output.rowsWritten(log, job: name, epoch: checkpoint.epoch, from: saved.firstOffset)
            var left: [Batch] = []
            for batch in saved.batches {
                let known = min(skip, batch.rowCount)
                skip -= known
                if known < batch.rowCount { left.append(batch.slice(known..<batch.rowCount)) }
            }
            outbox.add(output.appends(left, job: name, epoch: checkpoint.epoch), to: output)
        }
    }

    /// Has the log wake the job when something comes.
    private func follow() throws(SQLError) {
        guard let log = service.log else { return }
        for topic in Set(inputs.compactMap(\.topic)) {
            do throws(LogError) {
                subscriptions.append(try log.subscribe(topic: topic) { [weak self] _ in self?.wake() })
            } catch {
                throw SQLError(reading: topic, error)
            }
        }
    }

    // MARK: Telling

    func wake() { service.pool.wake(self) }

    private func note() {
        var lag: Int64 = 0
        for input in inputs {
            guard let topic = input.topic, let info = service.log?.topic(topic) else { continue }
            let offsets = input.saved.offsets
            for partition in info.partitions {
                lag += max(0, partition.nextOffset - (offsets[partition.partition] ?? 0))
            }
        }
        let watermarks = inputs.filter { !$0.isFinished }.map(\.watermark)
        report(
            .progress(
                JobProgress(
                    rowsIn: inputs.reduce(0) { $0 + $1.rows }, rowsOut: counts["rows_out"] ?? 0,
                    lateRows: Int64(queries.reduce(0) { $0 + $1.lateRows }), stateBytes: account.usedBytes,
                    watermark: watermarks.min().flatMap { $0 == .min ? nil : $0 }, lagRows: lag)))
    }

    private func now() -> Int64 { service.systemNanoseconds() }

    private func end(_ reason: JobEnd) {
        for subscription in subscriptions { subscription.cancel() }
        subscriptions = []
        inputs = []
        queries = []
        report(.ended(reason))
    }
}
