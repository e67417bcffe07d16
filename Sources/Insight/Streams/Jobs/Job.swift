import Runtime
import SQL

/// A job that is known: its life, its files, and its run while it has one. Safe from every thread.
final class Job: Sendable {
    private struct State: Sendable {
        private(set) var text: String
        /// Without what lets somebody in.
        private(set) var shownText: String
        private(set) var header: JobHeader
        var life: JobLifeCycle
        var run: JobRun?
        var progress = JobProgress()
        var failure: String?
        /// The latest first.
        var recentCheckpoints: [JobCheckpointInfo] = []
        var plan: JobPlan?
        var targets: [String] = []
        var checkpoints = 0
        var lines: [JobLogLine] = []
        /// What the next run begins with.
        var start = JobStart()

        init(text: String, life: JobLifeCycle) {
            self.text = text
            self.life = life
            shownText = SecretText.hidden(in: text)
            header = Job.header(of: text)
        }

        mutating func take(_ text: String) {
            self.text = text
            shownText = SecretText.hidden(in: text)
            header = Job.header(of: text)
        }
    }

    /// Checkpoints that `info` tells of.
    private static let keptCheckpoints = 20

    let name: String
    private let folder: JobFolder
    private unowned let service: JobService
    private let state: Monitor<State>

    init(name: String, text: String, folder: JobFolder, service: JobService) {
        self.name = name
        self.folder = folder
        self.service = service
        var limits = JobLifeCycle.Limits()
        limits.restartBudget = service.settings.restartBudget
        self.state = Monitor(State(text: text, life: JobLifeCycle(limits: limits)))
    }

    var phase: JobLifeCycle.Phase { state.withLock { $0.life.phase } }

    var info: JobInfo {
        let savepoints = folder.savepoints
        return state.withLock { state in
            JobInfo(
                name: name, text: state.shownText, phase: state.life.phase.rawValue,
                progress: state.progress, restarts: state.life.restarts, failure: state.failure,
                checkpoint: state.recentCheckpoints.first, checkpoints: state.checkpoints,
                recentCheckpoints: state.recentCheckpoints, savepoints: savepoints, targets: state.targets,
                plan: state.plan, deadLetterTopic: service.settings.deadLetterTopic, owner: state.header.owner,
                labels: state.header.labels)
        }
    }

    func isOf(_ text: String) -> Bool { state.withLock { $0.text == text } }

    /// For people: what is wrong with it, the run says.
    private static func header(of text: String) -> JobHeader { (try? JobHeader(of: text)) ?? JobHeader() }

    var lines: [JobLogLine] { state.withLock { $0.lines } }

    /// Whether the run has ended, now or within the time.
    func hasEnded(withinNanoseconds timeout: Int64) -> Bool {
        state.wait(timeoutNanoseconds: max(timeout, 0)) { $0.run == nil ? true : nil } ?? false
    }

    func launch(_ start: JobStart) {
        state.update { state in
            state.start = start
            apply(.launch, &state)
        }
    }

    func tick() {
        state.update { state in
            if state.life.phase == .restarting { apply(.tick, &state) }
        }
    }

    func stop(savepoint: String?) throws(SQLError) {
        try store(isStopped: true)
        state.update { state in
            guard state.life.on(.stop, now: now()) == .stop, let run = state.run else { return }
            run.control.ask(.stop(savepoint: savepoint))
            run.wake()
        }
    }

    /// As a stop, but the job goes on when the server is there again.
    func suspend() {
        state.update { state in
            guard state.life.on(.stop, now: now()) == .stop, let run = state.run else { return }
            run.control.ask(.stop(savepoint: nil))
            run.wake()
        }
    }

    /// Refuses the label of a savepoint that is there: somebody may count on what it holds.
    func requireFree(_ label: String) throws(SQLError) {
        guard folder.savepoints.contains(label) else { return }
        throw SQLError(
            code: .jobState, message: "job \(name) has a savepoint \(label) already", suggestion: "take another label")
    }

    func savepoint(_ label: String) throws(SQLError) {
        let isAsked = state.withLock { state -> Bool in
            guard state.life.phase == .started, let run = state.run else { return false }
            run.control.ask(.savepoint(label))
            run.wake()
            return true
        }
        guard isAsked else { throw refusal("is not running") }
    }

    func restart(savepoint: String?, _ start: JobStart) throws(SQLError) {
        try requireEnded()
        if let savepoint {
            let isThere = try folder.take(savepoint: savepoint, now: service.queries.clock.now())
            guard isThere else { throw refusal("has no savepoint \(savepoint)") }
        }
        try store(isStopped: false)
        launch(start)
    }

    /// Goes on with another text. The job is stopped first, if it runs.
    ///
    /// - Parameter plans: of the text.
    func replace(_ text: String, _ plans: [JobScript.Plan], _ start: JobStart) throws(SQLError) {
        let changes = changes(to: plans)
        suspend()
        guard hasEnded(withinNanoseconds: 10_000_000_000) else { throw refusal("does not stop") }
        do throws(StorageError) {
            try folder.writeText(text)
        } catch {
            throw SQLError(code: .sinkFailed, message: "job \(name) can't be stored: \(error)")
        }
        try store(isStopped: false)
        state.update { state in
            state.take(text)
            for change in changes { log(change, &state) }
        }
        launch(start)
    }

    /// The statements that another text has too and changes, in words: state goes on where it fits, whatever rows it came
    /// of.
    private func changes(to plans: [JobScript.Plan]) -> [String] {
        let text = state.withLock { $0.text }
        guard let script = try? JobScript(text, name: name, limits: service.queries.limits.sql),
            let old = try? script.plans(service.queries)
        else { return [] }
        let known = Dictionary(
            zip(JobStatement.all(old.map(\.output.target)), old.map(\.plan.description)),
            uniquingKeysWith: { first, _ in first })
        var changes: [String] = []
        for (index, statement) in JobStatement.all(plans.map(\.output.target)).enumerated() {
            guard let before = known[statement], before != plans[index].plan.description else { continue }
            changes.append(
                "statement \(index + 1): \(statement.words) is changed; what it kept goes on where it fits, also where "
                    + "a filter or a table below it is another")
        }
        return changes
    }

    func remove() throws(SQLError) {
        try requireEnded()
        do throws(StorageError) {
            try folder.remove()
        } catch {
            throw SQLError(code: .sinkFailed, message: "the files of job \(name) can't be removed: \(error)")
        }
    }

    private func requireEnded() throws(SQLError) {
        guard !state.withLock({ $0.run != nil || $0.life.phase == .restarting }) else { throw refusal("is running") }
    }

    private func refusal(_ what: String) -> SQLError {
        SQLError(code: .jobState, message: "job \(name) \(what)")
    }

    private func store(isStopped: Bool) throws(SQLError) {
        do throws(StorageError) {
            try folder.write(isStopped: isStopped)
        } catch {
            throw SQLError(code: .sinkFailed, message: "the status of job \(name) can't be stored: \(error)")
        }
    }

    // MARK: Life

    private func apply(_ event: JobLifeCycle.Event, _ state: inout State) {
        guard state.life.on(event, now: now()) == .run else { return }
        let start = state.start
        // A run that fails and comes back goes on, whatever the first one began with.
        state.start.rewindsInputs = false
        do throws(SQLError) {
            let script = try JobScript(state.text, name: name, limits: service.queries.limits.sql)
            let run = JobRun(
                name: name, script: script, service: service.queries, folder: folder, settings: service.settings,
                writer: service.writer, from: start, report: { [weak self] in self?.take($0) })
            state.run = run
            service.queries.pool.add(run)
        } catch {
            fail(error, &state)
        }
    }

    private func take(_ event: JobEvent) {
        state.update { state in
            switch event {
            case .started: apply(.started, &state)
            case .planned(let plan, let targets):
                state.plan = plan
                state.targets = targets
            case .progress(let progress): state.progress = progress
            case .checkpoint(let checkpoint, let savepoint):
                state.checkpoints += 1
                state.recentCheckpoints.insert(checkpoint, at: 0)
                if state.recentCheckpoints.count > Self.keptCheckpoints { state.recentCheckpoints.removeLast() }
                if let savepoint { log("savepoint \(savepoint) at epoch \(checkpoint.epoch)", &state) }
            case .note(let text): log(text, &state)
            case .ended(let reason): ended(reason, &state)
            }
        }
    }

    private func ended(_ reason: JobEnd, _ state: inout State) {
        state.run = nil
        switch reason {
        case .completed:
            apply(.completed, &state)
            // It has nothing to do after a restart of the server either.
            try? folder.write(isStopped: true)
            log("completed", &state)
        case .stopped:
            apply(.ended, &state)
            log("stopped", &state)
        case .failed(let error): fail(error, &state)
        }
    }

    private func fail(_ error: SQLError, _ state: inout State) {
        state.failure = error.description
        _ = state.life.on(.failed(isPermanent: error.isPermanent), now: now())
        log("failed: \(error.description)", &state)
    }

    private func log(_ message: String, _ state: inout State) {
        if state.lines.count >= service.settings.logLines { state.lines.removeFirst() }
        state.lines.append(JobLogLine(time: service.queries.clock.now(), message: message))
    }

    private func now() -> Int64 { service.queries.systemNanoseconds() / 1_000 }
}
