public import Runtime
public import SQL

/// The jobs of a server: queries that run until they are stopped, over what is stored and what comes, and write their
/// rows into topics exactly once. They survive a restart of the server, and a crash.
public final class JobService: Sendable {
    let queries: QueryService
    let settings: JobSettings
    private let path: String
    private let storage: any Storage
    private let jobs = Monitor<[String: Job]>([:])
    private let isEnding = Monitor(false)
    /// Jobs that go when they have ended.
    private let leaving = Monitor<Set<String>>([])
    /// Encodes checkpoints and writes them out, those of all jobs.
    let writer: any WorkQueue

    /// - Parameter folder: of the jobs' files; made when missing.
    /// - Throws: where the folder can't be made or read.
    public convenience init(
        queries: QueryService, folder: String, storage: any Storage = DiskStorage(),
        settings: JobSettings = JobSettings()
    ) throws(StorageError) {
        let writer = WorkerThread(name: "checkpoints")
        try self.init(queries: queries, folder: folder, storage: storage, settings: settings, writer: writer)
    }

    init(
        queries: QueryService, folder: String, storage: any Storage, settings: JobSettings, writer: any WorkQueue
    ) throws(StorageError) {
        self.writer = writer
        self.queries = queries
        self.path = folder
        self.storage = storage
        self.settings = settings
        try storage.createFolder(folder)
        queries.views.keeper = ViewRegistry.Keeper(
            create: { [weak self] name, text, mayExist throws(SQLError) in
                try self?.keep(view: name, text: text, mayExist: mayExist)
            },
            drop: { [weak self] name throws(SQLError) in try self?.drop(view: name) },
            text: { [weak self] name in self?.all.first { $0.name == name }?.text },
            jobs: { [weak self] in self?.all ?? [] },
            job: { [weak self] name in self?.info(name) })
    }

    /// Takes up the jobs that were known before, and runs those that were not stopped.
    ///
    /// - Returns: what could not be read, in words for the operator.
    public func start() -> [String] {
        let problems = takeUp()
        let ending = isEnding
        Thread.start(name: "jobs") { [weak self] in
            while ending.wait(timeoutNanoseconds: 50_000_000, { $0 ? true : nil }) == nil {
                guard let self else { return }
                self.tick()
            }
        }
        return problems
    }

    func takeUp() -> [String] {
        var problems: [String] = []
        let names = (try? storage.list(path)) ?? []
        for name in names where JobFolder.isValidName(name) {
            let folder = JobFolder(jobs: path, name: name, storage: storage)
            do throws(StorageError) {
                let text = try folder.readText()
                let job = Job(name: name, text: text, folder: folder, service: self)
                jobs.update { $0[name] = job }
                if !folder.isStopped { job.launch(JobStart()) }
            } catch {
                problems.append("job \(name): \(error)")
            }
        }
        return problems
    }

    /// Ends all runs after a last checkpoint each, within the time given.
    public func stop(timeoutMilliseconds: Int = 5_000) {
        isEnding.update { $0 = true }
        let all = jobs.withLock { Array($0.values) }
        for job in all { job.suspend() }
        let deadline = queries.systemNanoseconds() + Int64(timeoutMilliseconds) * 1_000_000
        for job in all { _ = job.hasEnded(withinNanoseconds: deadline - queries.systemNanoseconds()) }
        writer.stop()
    }

    // MARK: Commands

    /// Takes a job on and runs it.
    ///
    /// - Parameter replaces: whether a job of this name may be there: it is stopped at a checkpoint, and goes on with
    ///   the new text and what of its state still fits.
    /// - Parameter allowsFiles: whether the text may name files. Never for one that came over the network.
    /// - Throws: `job_exists`, `invalid_query` for a name, `limit_exceeded`, what is wrong with the text or can't be planned,
    ///   `sink_failed` where the files can't be written. Nothing is stored or stopped by then.
    @discardableResult
    public func submit(
        name: String, text: String, start: JobStart = JobStart(), replaces: Bool = false,
        allowsFiles: Bool = false
    ) throws(SQLError) -> JobInfo {
        guard JobFolder.isValidName(name) else {
            throw SQLError(
                code: .invalidQuery, message: "'\(name)' is no name of a job",
                suggestion: "letters, digits, '-', '_' and '.', at most 128")
        }
        guard text.utf8.count <= JobFolder.textLimitBytes else {
            throw SQLError(code: .limitExceeded, message: "a job's text is at most 1 MiB")
        }
        let script = try JobScript(text, name: name, limits: queries.limits.sql)
        try checkReach(script, name: name, allowsFiles: allowsFiles)
        let plans = try script.plans(queries)
        try script.check(plans, queries)
        if let old = job(name) {
            guard replaces else {
                throw SQLError(
                    code: .jobExists, message: "there is a job \(name)", suggestion: "replace it, or take another name")
            }
            try old.replace(text, plans, start)
            return old.info
        }
        let folder = JobFolder(jobs: path, name: name, storage: storage)
        let job = Job(name: name, text: text, folder: folder, service: self)
        let refusal = jobs.update { jobs -> SQLError? in
            guard jobs[name] == nil else { return SQLError(code: .jobExists, message: "there is a job \(name)") }
            guard jobs.count < self.settings.maximumJobs else {
                return SQLError(
                    code: .limitExceeded, message: "there are \(self.settings.maximumJobs) jobs already",
                    suggestion: "remove one; the limit is the setting jobs.maximum")
            }
            jobs[name] = job
            return nil
        }
        if let refusal { throw refusal }
        do throws(StorageError) {
            try folder.create()
            try folder.writeText(text)
            try folder.write(isStopped: false)
        } catch {
            jobs.update { $0[name] = nil }
            throw SQLError(code: .sinkFailed, message: "job \(name) can't be stored: \(error)")
        }
        job.launch(start)
        return job.info
    }

    /// Refuses what a text from the network may not reach.
    func checkReach(_ script: JobScript, name: String, allowsFiles: Bool) throws(SQLError) {
        guard allowsFiles || !script.namesFiles else {
            throw SQLError(
                code: .unsupported, message: "job \(name): a job from here can't read or write files",
                suggestion: "topics hold what it reads and writes; jobs of the folder jobs.files may use files")
        }
        let hosts = settings.httpHosts
        if !allowsFiles, !hosts.contains("*"), let host = script.hosts.first(where: { !hosts.contains($0) }) {
            throw SQLError(
                code: .unsupported, message: "job \(name): a job from here can't send requests to \(host)",
                suggestion: "the setting jobs.http_hosts names the hosts that jobs from the network may reach")
        }
    }

    /// The jobs whose names begin so, with their phases.
    func phases(beginning prefix: String) -> [(String, JobLifeCycle.Phase)] {
        jobs.withLock { Array($0.values) }.filter { $0.name.hasPrefix(prefix) }.map { ($0.name, $0.phase) }
    }

    /// By name.
    public var all: [JobInfo] { jobs.withLock { Array($0.values) }.map(\.info).sorted { $0.name < $1.name } }

    /// Whether there is a job of this name with just this text.
    public func isKnown(_ name: String, text: String) -> Bool { job(name)?.isOf(text) ?? false }

    public func info(_ name: String) -> JobInfo? { job(name)?.info }

    public func log(_ name: String) throws(SQLError) -> [JobLogLine] { try known(name).lines }

    /// Stops the job after a last checkpoint.
    ///
    /// - Parameter savepoint: a label under which the checkpoint is kept.
    /// - Throws: `job_state` where there is a savepoint of the label.
    public func stop(_ name: String, savepoint: String? = nil) throws(SQLError) {
        try check(label: savepoint)
        let job = try known(name)
        if let savepoint { try job.requireFree(savepoint) }
        try job.stop(savepoint: savepoint)
    }

    /// Keeps the job's next checkpoint under a label.
    ///
    /// - Throws: `job_state` where there is a savepoint of the label.
    public func savepoint(_ name: String, label: String) throws(SQLError) {
        try check(label: label)
        let job = try known(name)
        try job.requireFree(label)
        try job.savepoint(label)
    }

    /// Runs a job that is not running: from its last checkpoint, from a savepoint, or anew.
    ///
    /// - Throws: `invalid_query` where it is to go on from a savepoint and to begin anew, `job_state`.
    public func restart(
        _ name: String, savepoint: String? = nil, start: JobStart = JobStart()
    ) throws(SQLError) {
        try check(label: savepoint)
        guard savepoint == nil || !start.rewindsInputs else {
            throw SQLError(
                code: .invalidQuery,
                message: "job \(name) goes on from a savepoint, or forgets its state and begins anew: not both",
                suggestion: "leave out the savepoint, or where to begin (from)")
        }
        try known(name).restart(savepoint: savepoint, start)
    }

    /// Forgets a job that is not running, with its files. What it wrote stays.
    public func remove(_ name: String) throws(SQLError) {
        try known(name).remove()
        jobs.update { $0[name] = nil }
        queries.views.remove(name)
    }

    private func keep(view name: String, text: String, mayExist: Bool) throws(SQLError) {
        if mayExist, queries.views.snapshot(name) != nil { return }
        try submit(name: name, text: text)
    }

    /// The view is gone at once; its job when it has ended.
    private func drop(view name: String) throws(SQLError) {
        try stop(name, savepoint: nil)
        queries.views.remove(name)
        leaving.update { _ = $0.insert(name) }
    }

    private func job(_ name: String) -> Job? { jobs.withLock { $0[name] } }

    private func known(_ name: String) throws(SQLError) -> Job {
        if let job = job(name) { return job }
        let names = jobs.withLock { $0.keys.sorted() }
        throw SQLError(
            code: .unknownJob, message: "there is no job \(name)",
            suggestion: names.isEmpty ? "there are none" : "there are \(names.prefix(8).joined(separator: ", "))")
    }

    private func check(label: String?) throws(SQLError) {
        guard let label, !JobFolder.isValidName(label) else { return }
        throw SQLError(code: .invalidQuery, message: "'\(label)' is no name of a savepoint")
    }

    func tick() {
        for job in jobs.withLock({ Array($0.values) }) { job.tick() }
        for name in leaving.withLock({ $0 }) where job(name)?.hasEnded(withinNanoseconds: 0) ?? true {
            do throws(SQLError) {
                if job(name) != nil { try remove(name) }
                leaving.update { _ = $0.remove(name) }
            } catch {
                // It begins anew just now, or its files can't be removed yet: the next tick tries again.
                continue
            }
        }
    }
}

extension SQLError.Code {
    public static let unknownJob = SQLError.Code(rawValue: "unknown_job")
    public static let jobExists = SQLError.Code(rawValue: "job_exists")
    /// The job is in no state to do that.
    public static let jobState = SQLError.Code(rawValue: "job_state")
}
