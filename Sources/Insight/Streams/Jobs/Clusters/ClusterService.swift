public import Runtime
public import SQL

/// Clusters: texts of which jobs are launched, by hand, to keep so many running, or by a schedule. A job of cluster `c` is
/// called `c-1`, `c-2`, …; it is a job as every other.
public final class ClusterService: Sendable {
    private struct Entry: Sendable {
        let folder: ClusterFolder
        var text: String
        var header: JobHeader
        var versions: [Int]
        var isEnabled: Bool
        var mayNameFiles: Bool
        var nextNumber: Int
        var schedule = ClusterSchedule()
        var notes: [JobLogLine] = []
    }

    private static let maximumNotes = 50

    private let jobs: JobService
    private let path: String
    private let storage: any Storage
    private let entries = Monitor<[String: Entry]>([:])
    private let isEnding = Monitor(false)

    /// - Parameter folder: of the clusters' files; made when missing.
    /// - Throws: where the folder can't be made.
    public init(jobs: JobService, folder: String, storage: any Storage = DiskStorage()) throws(StorageError) {
        self.jobs = jobs
        self.path = folder
        self.storage = storage
        try storage.createFolder(folder)
    }

    /// Takes up the clusters that were known before, and begins to look after them. After the jobs' own start.
    ///
    /// - Returns: what could not be read, in words for the operator.
    public func start() -> [String] {
        var problems: [String] = []
        for name in (try? storage.list(path)) ?? [] where JobFolder.isValidName(name) {
            do {
                try load(name)
            } catch {
                problems.append("cluster \(name): \(error)")
            }
        }
        let ending = isEnding
        Thread.start(name: "clusters") { [weak self] in
            while ending.wait(timeoutNanoseconds: 200_000_000, { $0 ? true : nil }) == nil {
                guard let self else { return }
                self.tick()
            }
        }
        return problems
    }

    /// Launches nothing any more.
    public func stop() { isEnding.update { $0 = true } }

    private func load(_ name: String) throws {
        let folder = ClusterFolder(path: StoragePath.join(path, name), storage: storage)
        let versions = try folder.versions()
        guard let version = versions.last else { return }
        let text = try folder.readText(version: version)
        let header = try JobHeader(of: text)
        var entry = Entry(
            folder: folder, text: text, header: header, versions: versions,
            isEnabled: folder.value("status") != "disabled", mayNameFiles: folder.value("origin") == "files",
            nextNumber: folder.value("next").flatMap { Int($0) } ?? 1)
        entry.schedule.arm(header, now: jobs.queries.clock.now())
        let loaded = entry
        entries.update { $0[name] = loaded }
    }

    // MARK: Commands

    /// Takes a cluster on, or gives it another version of its text. Jobs that run go on with theirs.
    ///
    /// - Parameters:
    ///   - replaces: whether there may be a cluster of this name.
    ///   - allowsFiles: whether the text may name files. Never for one that came over the network.
    /// - Throws: `cluster_exists`, `job_exists`, `limit_exceeded`, what is wrong with the text or its header.
    @discardableResult
    public func submit(
        name: String, text: String, replaces: Bool = false, allowsFiles: Bool = false
    ) throws(SQLError) -> ClusterInfo {
        guard JobFolder.isValidName(name), name.utf8.count <= 100 else {
            throw SQLError(
                code: .invalidQuery, message: "'\(name)' is no name of a cluster",
                suggestion: "letters, digits, '-', '_' and '.', at most 100")
        }
        guard jobs.info(name) == nil else {
            throw SQLError(code: .jobExists, message: "there is a job \(name), and no cluster can be called so")
        }
        let header = try check(name, text, allowsFiles: allowsFiles)
        let folder = ClusterFolder(path: StoragePath.join(path, name), storage: storage)
        let now = jobs.queries.clock.now()
        let refusal = entries.update { entries -> SQLError? in
            let known = entries[name]
            if known != nil, !replaces {
                return SQLError(
                    code: .clusterExists, message: "there is a cluster \(name)",
                    suggestion: "replace it, or take another name")
            }
            guard known != nil || entries.count < jobs.settings.maximumJobs else {
                return SQLError(
                    code: .limitExceeded, message: "there are \(jobs.settings.maximumJobs) clusters already",
                    suggestion: "remove one; the limit is the setting jobs.maximum")
            }
            let version = (known?.versions.last ?? 0) + 1
            do throws(StorageError) {
                try folder.create()
                try folder.set("origin", allowsFiles ? "files" : "network")
                try folder.write(text, version: version)
            } catch {
                return SQLError(code: .sinkFailed, message: "cluster \(name) can't be stored: \(error)")
            }
            var entry = Entry(
                folder: folder, text: text, header: header,
                versions: Array(((known?.versions ?? []) + [version]).suffix(ClusterFolder.keptVersions)),
                isEnabled: known?.isEnabled ?? true, mayNameFiles: allowsFiles, nextNumber: known?.nextNumber ?? 1)
            entry.schedule.arm(header, now: now)
            entries[name] = entry
            return nil
        }
        if let refusal { throw refusal }
        return try known(name)
    }

    /// The header of a text whose jobs could be launched with the defaults; those without a default may be missing.
    private func check(_ name: String, _ text: String, allowsFiles: Bool) throws(SQLError) -> JobHeader {
        guard text.utf8.count <= JobFolder.textLimitBytes else {
            throw SQLError(code: .limitExceeded, message: "a job's text is at most 1 MiB")
        }
        let header = try JobHeader(of: text)
        guard SQLTokens(text).names.allSatisfy({ header.parameters[$0] != nil }) else { return header }
        let filled = try JobParameters.filled(text, [:])
        let script = try JobScript(filled, name: "\(name)-1", limits: jobs.queries.limits.sql)
        try jobs.checkReach(script, name: name, allowsFiles: allowsFiles)
        // Topics and columns that are missing may be there when a job is launched.
        if let plans = try? script.plans(jobs.queries) { try script.check(plans, jobs.queries) }
        return header
    }

    /// Launches a job of the cluster.
    ///
    /// - Parameter parameters: in place of the defaults.
    /// - Returns: the job's name.
    @discardableResult
    public func launch(
        _ name: String, parameters: [String: String] = [:], start: JobStart = JobStart()
    ) throws(SQLError) -> String {
        let entry = try entry(name)
        let active = instances(name).filter(\.isActive).count
        if let maximum = entry.header.maximum, active >= maximum {
            throw SQLError(
                code: .jobState, message: "\(active) jobs of cluster \(name) run, and \(maximum) is the most",
                suggestion: "stop one; the limit is its SET 'job.sla.max'")
        }
        let text = try JobParameters.filled(entry.text, parameters)
        while true {
            let number = try takeNumber(name)
            do throws(SQLError) {
                try jobs.submit(
                    name: "\(name)-\(number)", text: text, start: start, allowsFiles: entry.mayNameFiles)
                return "\(name)-\(number)"
            } catch {
                // Somebody took the name by hand.
                guard error.code == .jobExists else { throw error }
            }
        }
    }

    /// By name.
    public var all: [ClusterInfo] {
        entries.withLock { $0.keys.sorted() }.compactMap { try? known($0) }
    }

    public func known(_ name: String) throws(SQLError) -> ClusterInfo {
        let entry = try entry(name)
        return ClusterInfo(
            name: name, text: SecretText.hidden(in: entry.text), version: entry.versions.last ?? 0,
            versions: entry.versions, isEnabled: entry.isEnabled, owner: entry.header.owner,
            labels: entry.header.labels, parameters: entry.header.parameters, minimum: entry.header.minimum,
            maximum: entry.header.maximum, cron: entry.header.cronText, timeZone: entry.header.timeZone,
            nextFire: entry.isEnabled ? entry.schedule.nextFire : nil,
            jobs: instances(name).map { "\(name)-\($0.number)" }, notes: entry.notes)
    }

    /// Whether a text wants to be a cluster: it has parameters, a schedule, or says how many jobs are to run.
    public static func isCluster(_ text: String) -> Bool {
        (try? JobHeader(of: text))?.isCluster ?? true || !SQLTokens(text).names.isEmpty
    }

    /// Whether there is a cluster of this name with just this text.
    public func isKnown(_ name: String, text: String) -> Bool { entries.withLock { $0[name]?.text == text } }

    /// A cluster that is not enabled launches nothing by itself. Jobs that run go on.
    public func setEnabled(_ name: String, _ isEnabled: Bool) throws(SQLError) {
        let entry = try entry(name)
        do throws(StorageError) {
            try entry.folder.set("status", isEnabled ? "enabled" : "disabled")
        } catch {
            throw SQLError(code: .sinkFailed, message: "cluster \(name) can't be stored: \(error)")
        }
        let now = jobs.queries.clock.now()
        entries.update { entries in
            entries[name]?.isEnabled = isEnabled
            if let header = entries[name]?.header { entries[name]?.schedule.arm(header, now: now) }
        }
    }

    /// Forgets a cluster none of whose jobs runs. The jobs that ended stay until they are removed.
    public func remove(_ name: String) throws(SQLError) {
        let entry = try entry(name)
        let running = instances(name).filter { !$0.isEnded }.map { "\(name)-\($0.number)" }
        guard running.isEmpty else {
            throw SQLError(
                code: .jobState, message: "jobs of cluster \(name) run",
                suggestion: "disable it, and stop \(running.joined(separator: ", "))")
        }
        do throws(StorageError) {
            try entry.folder.remove()
        } catch {
            throw SQLError(code: .sinkFailed, message: "the files of cluster \(name) can't be removed: \(error)")
        }
        entries.update { $0[name] = nil }
    }

    private func entry(_ name: String) throws(SQLError) -> Entry {
        let (entry, names) = entries.withLock { ($0[name], $0.keys.sorted()) }
        if let entry { return entry }
        throw SQLError(
            code: .unknownCluster, message: "there is no cluster \(name)",
            suggestion: names.isEmpty ? "there are none" : "there are \(names.prefix(8).joined(separator: ", "))")
    }

    /// The number is stored before it is used, so that no two jobs have one.
    private func takeNumber(_ name: String) throws(SQLError) -> Int {
        let result = entries.update { entries -> Result<Int, SQLError> in
            guard let entry = entries[name] else {
                return .failure(SQLError(code: .unknownCluster, message: "there is no cluster \(name)"))
            }
            do throws(StorageError) {
                try entry.folder.set("next", "\(entry.nextNumber + 1)")
            } catch {
                return .failure(SQLError(code: .sinkFailed, message: "cluster \(name) can't be stored: \(error)"))
            }
            entries[name]?.nextNumber += 1
            return .success(entry.nextNumber)
        }
        return try result.get()
    }

    // MARK: Looking after them

    private func instances(_ name: String) -> [ClusterSchedule.Instance] {
        jobs.phases(beginning: name + "-").compactMap { job, phase in
            guard let number = Int(job.dropFirst(name.utf8.count + 1)), number > 0 else { return nil }
            let isActive =
                switch phase {
                case .launched, .started, .restarting: true
                case .accepted, .failed, .completed, .stopping, .stopped: false
                }
            return ClusterSchedule.Instance(
                number: number, isActive: isActive, isEnded: !isActive && phase != .stopping,
                hasFailed: phase == .failed)
        }.sorted { $0.number < $1.number }
    }

    func tick() {
        let now = jobs.queries.clock.now()
        for name in entries.withLock({ $0.keys.sorted() }) {
            let instances = instances(name)
            let actions = entries.withLock { entries -> [ClusterSchedule.Action] in
                guard var entry = entries[name] else { return [] }
                let actions = entry.schedule.tick(
                    entry.header, isEnabled: entry.isEnabled, instances, now: now)
                entries[name] = entry
                return actions
            }
            for action in actions { carryOut(action, name, now) }
        }
    }

    private func carryOut(_ action: ClusterSchedule.Action, _ name: String, _ now: Int64) {
        do throws(SQLError) {
            switch action {
            case .launch: try launch(name)
            case .stop(let number): try jobs.stop("\(name)-\(number)")
            case .forget(let number): try jobs.remove("\(name)-\(number)")
            case .skipped: note("the schedule came, and a job still runs", name, now)
            }
        } catch {
            note(error.description, name, now)
        }
    }

    private func note(_ message: String, _ name: String, _ now: Int64) {
        entries.withLock { entries in
            guard entries[name] != nil else { return }
            entries[name]?.notes.append(JobLogLine(time: now, message: message))
            if (entries[name]?.notes.count ?? 0) > Self.maximumNotes { entries[name]?.notes.removeFirst() }
        }
    }
}

extension SQLError.Code {
    public static let unknownCluster = SQLError.Code(rawValue: "unknown_cluster")
    public static let clusterExists = SQLError.Code(rawValue: "cluster_exists")
}
