import Edge
import EventLog
import Foundation
import Glibc
import HTTPCache
import ManagementAPI
import Reactor
import Runtime
import SQL
import Settings
import Streams
import Synchronization

/// A whole Squilla in this process: log, queries, edge and management, put together and taken apart in order.
final class Server: Sendable {
    /// Another one after an upgrade that failed.
    let log: Mutex<EventLog>
    let route: EventRoute
    private let queries: QueryService
    let management: ManagementService
    private let jobs: JobService
    private let clusters: ClusterService
    /// For sinks and lookups.
    private let outbound: OutboundClient
    let edge: EdgeServer
    /// Nil where no certificate is an authority's.
    private let keeper = Mutex<CertificateKeeper?>(nil)
    /// What can't change while running is as it was then.
    private let started: Settings
    private let submitting = Mutex<Void>(())
    private let settings: Mutex<Settings>
    /// Reads the configuration again; nil where it came from flags alone.
    private let readSettings: @Sendable () throws -> Settings
    /// By listener; nil for those in cleartext.
    private let tlsServers: [TLSServer?]

    /// - Parameter readSettings: for `reload`.
    /// - Throws: `Failure` in words for the operator.
    init(_ settings: Settings, readSettings: @escaping @Sendable () throws -> Settings) throws {
        let log = try Self.openLog(settings)
        do {
            outbound = try OutboundClient()
        } catch {
            throw Failure("\(error)")
        }
        let queries = QueryService(log: log, limits: settings.queryLimits, http: outbound)
        let jobs = try Self.jobs(settings, queries)
        do {
            clusters = try ClusterService(jobs: jobs, folder: DataFolder.clusters(settings.dataFolder))
        } catch {
            throw Failure("\(settings.dataFolder): \(error)")
        }
        let stage = ServerStage()
        var context = stage.context(log: log, queries: queries)
        context.topicSettings = settings.topicSettings
        context.jobs = jobs
        context.clusters = clusters
        context.subscriptions = settings.subscriptionLimits
        management = ManagementService(context)
        tlsServers = try TLSMaterial.servers(settings)
        let listeners = try Self.listeners(settings, tlsServers, management)
        let edgeSettings = try settings.edgeSettings(queries: queries)
        let losses = LossNotices()
        let route = EventRoute(log, losses: losses)
        self.route = route
        let sink = EventSink(
            append: { batch, completion in route.append(batch, completion) },
            lost: { losses.note($0, "the log does not keep up with the requests") })
        let disk = try settings.openDisk()
        do {
            edge = try EdgeServer(settings: edgeSettings, listeners: listeners, eventSink: sink, disk: disk)
        } catch {
            throw Failure("\(error)")
        }
        self.log = Mutex(log)
        self.queries = queries
        self.jobs = jobs
        started = settings
        self.settings = Mutex(settings)
        self.readSettings = readSettings
        stage.set(self)
    }

    private static func openLog(_ settings: Settings) throws -> EventLog {
        try DataFolder.create(settings.dataFolder)
        do throws(LogError) {
            let log = try EventLog.open(settings.logOptions())
            try log.createTopic(
                RequestEventSchema.topic, settings: settings.topicSettings, schema: RequestEventSchema.schema)
            report(log.recovery)
            return log
        } catch {
            throw Failure("\(settings.dataFolder): \(error)")
        }
    }

    /// Those of the edge in the order of the configuration, then that of the management.
    private static func listeners(
        _ settings: Settings, _ tlsServers: [TLSServer?], _ management: ManagementService
    ) throws -> [EdgeListener] {
        var listeners = try zip(settings.edge.listen, tlsServers).map { section, tls in
            var listener = EdgeListener(address: try address(section.address), kind: .proxy, tls: tls)
            listener.allowsHTTP1 = section.allowsHTTP1
            listener.allowsHTTP2 = section.allowsHTTP2
            listener.expectsProxyHeader = section.expectsProxyHeader
            listener.unixMode = Int32(section.unixMode)
            return listener
        }
        listeners.append(
            EdgeListener(address: try address(settings.management.listen), kind: .service(management)))
        return listeners
    }

    /// Binds and serves.
    /// - Parameter held: the sockets of a server whose place this one takes.
    /// - Throws: `Failure` naming the address that is taken.
    func start(adopting held: [HeldListener] = []) throws {
        do {
            try edge.start(adopting: held)
        } catch {
            queries.stop()
            log.withLock { $0 }.close()
            throw Failure("\(error)")
        }
        for problem in jobs.start() + clusters.start() { StandardError.write(line: "squilla: \(problem)") }
        submitFiles()
        let facts = ServerFacts(pid: getpid(), edge: edgeURLs, management: managementURL)
        try facts.write(in: settings.withLock { $0.dataFolder })
        keepCertificates()
        ServiceManager.tellReady()
    }

    /// Gets and renews the certificates that an authority is to give.
    private func keepCertificates() {
        let current = currentSettings
        let certificates = current.edge.acmeCertificates
        guard let section = current.edge.acme, !certificates.isEmpty else { return }
        do throws(SystemError) {
            let keeper = try CertificateKeeper(
                section, store: CertificateStore(dataFolder: current.dataFolder), edge: edge
            ) { [weak self] in
                guard let self else { return }
                try TLSMaterial.reload(tlsServers, currentSettings)
            }
            keeper.start(certificates)
            self.keeper.withLock { $0 = keeper }
        } catch {
            StandardError.write(line: "squilla: no certificates are asked for: \(error)")
        }
    }

    var currentSettings: Settings { settings.withLock { $0 } }

    var edgeAddresses: [String] { edge.addresses.prefix(tlsServers.count).map(\.description) }
    var edgeURLs: [String] {
        zip(edgeAddresses, tlsServers).map { address, tls in
            address.hasPrefix("unix:") ? address : "\(tls == nil ? "http" : "https")://\(address)"
        }
    }
    var managementURL: String { "http://\(edge.addresses[tlsServers.count])" }

    /// Lets requests under way finish, writes every event, gives the folder back.
    func drain() {
        let current = settings.withLock { $0 }
        management.endSubscriptions()
        let cut = edge.drain(deadlineMilliseconds: current.edge.drainTimeoutMilliseconds)
        if cut > 0 { StandardError.write(line: "squilla: \(cut) connections were cut at the drain's deadline") }
        endWork()
        log.withLock { $0 }.close()
        ServerFacts.remove(in: current.dataFolder)
    }

    /// Ends all that reads and writes the log but the edge.
    func endWork() {
        keeper.withLock { $0 }?.stop()
        clusters.stop()
        jobs.stop()
        queries.stop()
        outbound.stop()
    }

    /// Reads and applies the configuration; what is wrong with it leaves everything as it was.
    @discardableResult
    func reload() -> Result<ReloadReport, ReloadFailure> {
        do {
            let new = try readSettings()
            guard !new.origins.isEmpty else { throw Failure("origins: name at least one origin") }
            if let refusal = new.refusal(comparedTo: started) { throw Failure(refusal) }
            let needRestart = new.needRestart(comparedTo: started)
            let edgeSettings = try new.edgeSettings(queries: queries)
            if !needRestart.contains("edge.listen") { try TLSMaterial.reload(tlsServers, new) }
            settings.withLock { $0 = new }
            edge.reload(edgeSettings)
            let log = log.withLock { $0 }
            if new.topicSettings != log.topic(RequestEventSchema.topic)?.settings {
                try log.createTopic(
                    RequestEventSchema.topic, settings: new.topicSettings, schema: RequestEventSchema.schema)
            }
            let note = needRestart.isEmpty ? "" : "; waiting for a restart: \(needRestart.joined(separator: ", "))"
            submitFiles()
            StandardError.write(line: "squilla: reloaded\(note)")
            return .success(ReloadReport(needRestart: needRestart))
        } catch {
            StandardError.write(line: "squilla: not reloaded, the old configuration runs on:\n\(error)")
            return .failure(ReloadFailure(message: "\(error)"))
        }
    }

    private static func jobs(_ settings: Settings, _ queries: QueryService) throws -> JobService {
        do {
            return try JobService(
                queries: queries, folder: DataFolder.jobs(settings.dataFolder), settings: settings.jobSettings)
        } catch {
            throw Failure("\(settings.dataFolder): \(error)")
        }
    }

    /// Takes a job on that the program brings along. One of its name stays as it is, so that a stopped one stays stopped.
    func submitSample(_ name: String, _ text: String) throws {
        guard jobs.info(name) == nil else { return }
        do {
            try jobs.submit(name: name, text: text)
        } catch {
            throw Failure("the job \(name): \(error.rendered(text))")
        }
    }

    /// Takes on the jobs of the folder `jobs.files`; one that runs already with the same text is left alone. Two reloads at once
    /// take their turns.
    private func submitFiles() { submitting.withLock { _ in submitFilesInTurn() } }

    private func submitFilesInTurn() {
        guard let folder = started.jobs.files else { return }
        let files = JobFile.all(in: folder).filter { file in
            !jobs.isKnown(file.name, text: file.text) && !clusters.isKnown(file.name, text: file.text)
        }
        let refused = JobFile.takeOn(files, awaitLaunch: awaitLaunch) { (file) throws(SQLError) in
            if ClusterService.isCluster(file.text) {
                try clusters.submit(name: file.name, text: file.text, replaces: true, allowsFiles: true)
            } else {
                try jobs.submit(name: file.name, text: file.text, replaces: true, allowsFiles: true)
            }
        }
        for (file, error) in refused {
            StandardError.write(line: "squilla: \(folder)/\(file.name).sql: \(error.rendered(file.text))")
        }
    }

    /// Returns when the jobs have made their topics, or have failed; after two seconds at most.
    private func awaitLaunch(of names: [String]) {
        for _ in 0..<200 {
            let phases = names.compactMap { jobs.info($0)?.phase }
            guard phases.contains(where: { $0 == "accepted" || $0 == "launched" }) else { return }
            usleep(10_000)
        }
    }

    fileprivate var edgeStatus: EdgeStatus {
        let current = settings.withLock { $0 }
        let stored = edge.cache.counters
        return EdgeStatus(
            name: current.edge.name, addresses: edgeAddresses, workers: edge.workerCount,
            origins: current.origins.flatMap { origin in origin.allEndpoints.map { "\(origin.name) \($0.url)" } },
            counters: edge.counters,
            cache: CacheFacts(
                objects: stored.objects, bytes: stored.bytes, limitBytes: current.cache.memoryBytes,
                evictions: stored.evicted, purged: stored.purged, tags: stored.tags,
                disk: stored.disk.map { DiskFacts($0) }))
    }

    private static func address(_ endpoint: Endpoint) throws -> SocketAddress {
        guard let address = endpoint.socketAddress else {
            throw Failure("\(endpoint): an address to listen on is numeric, such as 127.0.0.1 or [::1]")
        }
        return address
    }

    private static func report(_ recovery: RecoveryReport) {
        for tail in recovery.cutTails {
            StandardError.write(
                line: "squilla: cut a torn tail of topic \(tail.topic)/\(tail.partition): \(tail.bytes.count) bytes of "
                    + "\(tail.file) from offset \(tail.offset) on, which no append of durability commit had promised")
        }
        for gap in recovery.gaps {
            StandardError.write(
                line: "squilla: \(gap.file) is corrupt at bytes \(gap.bytes.lowerBound)-\(gap.bytes.upperBound) "
                    + "(\(gap.reason)); readers skip offsets \(gap.offsets.lowerBound)-\(gap.offsets.upperBound - 1)")
        }
    }
}

/// What the management API's closures hold on to while the server they speak of is still being made.
private final class ServerStage: Sendable {
    private let current = Mutex<Server?>(nil)

    var server: Server? { current.withLock { $0 } }

    func set(_ server: Server) { current.withLock { $0 = server } }

    /// What the management asks of the server.
    func context(log: EventLog, queries: QueryService) -> ManagementContext {
        var context = ManagementContext(
            version: Squilla.version, log: log, queries: queries,
            token: { self.server?.currentSettings.management.token },
            edge: { self.server?.edgeStatus ?? .starting },
            reload: { self.server?.reload() ?? .failure(ReloadFailure(message: "still starting")) })
        context.origins = { self.server?.edge.origins ?? [] }
        context.explain = { question throws(RequestQuestion.Fault) in
            guard let edge = self.server?.edge else { throw RequestQuestion.Fault("the edge is not up yet") }
            return try edge.explain(question)
        }
        context.purge = { targets, isSoft in
            self.server?.edge.purge(targets, isSoft: isSoft) ?? targets.map { _ in 0 }
        }
        context.rules = { self.server?.edge.rules ?? [] }
        return context
    }
}

extension EdgeStatus {
    fileprivate static var starting: EdgeStatus {
        EdgeStatus(
            name: "", addresses: [], workers: 0, origins: [], counters: EdgeCounters(),
            cache: CacheFacts(objects: 0, bytes: 0, limitBytes: 0, evictions: 0, purged: 0, tags: 0))
    }
}
