import Codings
import Columns
import Edge
import EventLog
import HTTPCache
import HTTPWire
import ManagementAPI
import Reactor
import Settings
import Streams
import Upstream

/// The configuration file in the terms of the modules that it configures.
extension Settings {
    /// - Parameter queries: whose views rules may ask; nil where none runs.
    /// - Throws: `Failure` naming a file of TLS that can't be used, or a rule that is wrong.
    func edgeSettings(queries: QueryService? = nil) throws -> EdgeSettings {
        var settings = EdgeSettings()
        settings.name = edge.name
        settings.workers = edge.workers
        settings.maximumConnections = edge.maxConnections
        settings.origins = try origins.map { try $0.edgeOrigin(zone: edge.zone) }
        settings.cdnID = edge.cdnID
        settings.maximumHops = edge.maxHops
        settings.debug.secret = edge.debug.secret
        settings.debug.maximumLifeSeconds = Int64(edge.debug.maxLifeMilliseconds / 1000)
        settings.nameCacheMilliseconds = edge.nameCacheMilliseconds
        settings.peers = try edge.peers?.settings { url in
            var peer = OriginSettings(name: "peers", host: url.address.host, port: UInt16(url.address.port))
            if url.isSecure { peer.tls = try TLSMaterial.client(OriginTLSSection(), host: peer.host, of: "peers") }
            return peer
        }
        settings.cache = cache.edgeSettings
        settings.maximumEncodeJobs = cache.compression.maxParallel
        settings.maximumLiveEncoders = cache.compression.maxPassed
        settings.esi = esi.edgeSettings(origins: origins)
        do throws(SettingsError) {
            settings.rules = try edgeRules(queries: queries).0
        } catch {
            throw Failure(error.rendered(file: source))
        }
        edge.applyForwarding(to: &settings)
        edge.limits.apply(to: &settings)
        edge.applyBounds(to: &settings)
        edge.http2.apply(to: &settings)
        settings.maximumServiceBodyBytes = management.maxBodyBytes
        settings.eventHandOverMilliseconds = log.flushIntervalMilliseconds
        settings.recordsEvents = log.isRequestsEnabled
        return settings
    }

    /// - Throws: `Failure` where the folder is another's, or can't be used.
    func openDisk() throws -> DiskTier? {
        guard cache.isEnabled, let path = cache.disk.path else { return nil }
        let disk = DiskSettings(
            path: path, maximumBytes: cache.disk.maxBytes, queueBytes: cache.disk.queueBytes,
            readers: cache.disk.readers, largeBytes: cache.disk.largeBytes, maximumPurges: cache.disk.maxPurges)
        do {
            return try DiskTier(disk) { StandardError.write(line: "squilla: \($0)") }
        } catch {
            throw Failure("cache.disk.path: \(error)")
        }
    }

    func logOptions() -> EventLogOptions {
        var options = EventLogOptions(folder: DataFolder.log(dataFolder))
        options.queueBytes = log.queueBytes
        options.syncIntervalMilliseconds = log.syncIntervalMilliseconds
        log.limits.apply(to: &options)
        return options
    }

    var topicSettings: TopicSettings {
        var settings = TopicSettings()
        settings.durability =
            switch log.durability {
            case .none: .none
            case .interval: .interval
            case .commit: .commit
            }
        settings.compression =
            switch log.compression {
            case .none: .none
            case .lz4: .lz4
            case .zstd: .zstd
            }
        settings.segmentBytes = log.segmentBytes
        settings.retentionBytes = log.retentionBytes
        settings.retentionSeconds = max(1, log.retentionMilliseconds / 1000)
        return settings
    }

    var queryLimits: QueryLimits {
        var limits = QueryLimits()
        limits.memoryBytes = query.memoryBytes
        limits.timeLimitMilliseconds = query.timeoutMilliseconds
        limits.concurrentQueries = query.maxConcurrent
        limits.viewRows = views.maxRows
        limits.viewBytes = views.maxBytes
        limits.viewLayers = views.maxLayers
        limits.watermarkDelayMilliseconds = query.watermarkDelayMilliseconds
        limits.stateTimeToLiveMilliseconds = query.stateTimeToLiveMilliseconds
        query.limits.apply(to: &limits)
        limits.spillFolder = DataFolder.spill(dataFolder)
        limits.spillBytes = query.spillBytes
        if query.threads > 0 { limits.workerThreads = query.threads }
        return limits
    }

    var jobSettings: JobSettings {
        var settings = JobSettings()
        settings.checkpointIntervalMilliseconds = jobs.checkpointIntervalMilliseconds
        settings.stateBytes = jobs.stateBytes
        settings.maximumJobs = jobs.maximum
        settings.restartBudget = jobs.restartBudget
        settings.shards = jobs.shards
        settings.deadLetterTopic = jobs.deadLetterTopic
        settings.httpHosts = jobs.httpHosts
        settings.futureToleranceMicroseconds = Int64(jobs.futureToleranceMilliseconds) * 1000
        settings.topicSettings = topicSettings
        return settings
    }

    var subscriptionLimits: SubscriptionLimits {
        var limits = SubscriptionLimits()
        limits.maximumCount = subscriptions.maxCount
        limits.eventsPerSecond = subscriptions.eventsPerSecond
        limits.maximumEventsPerSecond = subscriptions.maxEventsPerSecond
        limits.bytesPerSecond = subscriptions.bytesPerSecond
        limits.maximumBytesPerSecond = subscriptions.maxBytesPerSecond
        return limits
    }

    /// Why a server that was started with `old` can't take this over at all.
    func refusal(comparedTo old: Settings) -> String? {
        // The address waits for a restart; the token must not go before it.
        guard management.token == nil, !old.management.listen.isLoopback else { return nil }
        return "management.token: it can't be taken away while \(old.management.listen) is listened on; restart instead"
    }

    /// The parts that a running server can't take over; what `reload` names when they differ.
    func needRestart(comparedTo old: Settings) -> [String] {
        var names: [String] = []
        if dataFolder != old.dataFolder { names.append("data") }
        if edge.listen.map(\.socket) != old.edge.listen.map(\.socket) { names.append("edge.listen") }
        if edge.acme != old.edge.acme || edge.acmeCertificates != old.edge.acmeCertificates {
            names.append("edge.acme")
        }
        if edge.workers != old.edge.workers { names.append("edge.workers") }
        if edge.name != old.edge.name { names.append("edge.name") }
        if edge.nameCacheMilliseconds != old.edge.nameCacheMilliseconds { names.append("edge.name_cache_ms") }
        if cache.memoryBytes != old.cache.memoryBytes { names.append("cache.memory_bytes") }
        if log.queueBytes != old.log.queueBytes { names.append("log.queue_bytes") }
        if log.limits != old.log.limits { names.append("log.limits") }
        if edge.limits.eventBlocks != old.edge.limits.eventBlocks { names.append("edge.limits.event_blocks") }
        if edge.limits.eventWaitMilliseconds != old.edge.limits.eventWaitMilliseconds {
            names.append("edge.limits.event_wait_ms")
        }
        if log.syncIntervalMilliseconds != old.log.syncIntervalMilliseconds { names.append("log.sync_interval_ms") }
        if query != old.query { names.append("query") }
        if jobs != old.jobs { names.append("jobs") }
        if views != old.views { names.append("views") }
        if subscriptions != old.subscriptions { names.append("subscriptions") }
        if management.listen != old.management.listen { names.append("management.listen") }
        return names
    }
}

extension OriginSection {
    fileprivate func edgeOrigin(zone: String) throws -> EdgeOrigin {
        var origin = EdgeOrigin(
            name: name,
            endpoints: try allEndpoints.map { endpoint in
                var settings = try connection(to: endpoint.url)
                settings.placement = endpoint.placement
                return settings
            },
            hosts: hosts)
        origin.policy = policy(zone: zone)
        origin.parents = try parents.map { try connection(to: $0) }
        origin.affinity = affinity?.settings
        return origin
    }

    private func connection(to url: OriginURL) throws -> OriginSettings {
        var settings = OriginSettings(name: name, host: url.address.host, port: UInt16(url.address.port))
        settings.hostHeader = hostHeader
        if url.isSecure { settings.tls = try TLSMaterial.client(tls, host: url.address.host, of: name) }
        settings.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        settings.firstByteTimeoutMilliseconds = firstByteTimeoutMilliseconds
        settings.idleTimeoutMilliseconds = betweenBytesTimeoutMilliseconds
        settings.keepAliveMilliseconds = keepAliveTimeoutMilliseconds
        settings.maximumConnections = maxConnections
        settings.maximumIdleConnections = maxIdleConnections
        settings.maximumPending = maxPendingRequests
        settings.pendingTimeoutMilliseconds = pendingTimeoutMilliseconds
        settings.failureThreshold = maxConnectFailures
        settings.failurePauseMilliseconds = connectPauseMilliseconds
        settings.maximumRetries = retries
        settings.wireProtocol =
            switch wireProtocol {
            case .http1: .http1
            case .http2: .http2
            case .auto: .negotiated
            }
        settings.http2.maximumStreams = http2.maxStreams
        settings.http2.streamWindowBytes = http2.streamWindowBytes
        settings.http2.controlsPerSecond = http2.controlFramesPerSecond
        settings.http2.controlBurst = 5 * http2.controlFramesPerSecond
        settings.proxyHeader =
            switch proxyProtocol {
            case .none: nil
            case .v1: .v1
            case .v2: .v2
            }
        return settings
    }
}

extension ListenSection {
    /// What a running server can't change; certificates and their settings it can.
    fileprivate var socket: [String] {
        [
            "\(address)", tls == nil ? "cleartext" : "tls", "\(allowsHTTP1)", "\(allowsHTTP2)", "\(expectsProxyHeader)",
        ]
    }
}

extension Endpoint {
    /// The numeric address to listen on; `localhost` and empty names are known without asking.
    var socketAddress: SocketAddress? {
        SocketAddress(literal: host == "localhost" ? "127.0.0.1" : host, port: UInt16(port))
    }
}
