/// How each section is read: key, default, range. Defaults are those of the section's own properties.
extension EdgeSection {
    init(reading section: YAMLSection) {
        let second = 1000
        let hour = 3_600_000
        name = section.string("name", default: name)
        if !name.isPseudonym {
            section.report("name", "expected a token such as fra-1, or a host, with a port or without (RFC 9110)")
        }
        if let listeners = ListenSection.list(reading: section, "listen") {
            listen = listeners
            if section.list("listen").isEmpty { section.report("listen", "name at least one address") }
        }
        workers = section.integer("workers", default: workers, in: 0...1024)
        maxConnections = section.integer("max_connections", default: maxConnections, in: 1...10_000_000)
        trustedProxies = (section.strings("trusted_proxies") ?? []).compactMap { section.block("trusted_proxies", $0) }
        untrustedHeaders = section.strings("untrusted_headers")
        for name in untrustedHeaders ?? [] where !name.isFieldPattern {
            section.report(
                "untrusted_headers", "expected names such as X-Original-URL or X-Forwarded-*, found \"\(name)\"")
        }
        forwardedHeader = section.choice("forwarded_header", default: forwardedHeader)
        headerTimeoutMilliseconds = section.milliseconds(
            "header_timeout_ms", default: headerTimeoutMilliseconds, in: 10...hour)
        bodyTimeoutMilliseconds = section.milliseconds(
            "body_timeout_ms", default: bodyTimeoutMilliseconds, in: 10...hour)
        keepAliveTimeoutMilliseconds = section.milliseconds(
            "keep_alive_timeout_ms", default: keepAliveTimeoutMilliseconds, in: 10...24 * hour)
        writeTimeoutMilliseconds = section.milliseconds(
            "write_timeout_ms", default: writeTimeoutMilliseconds, in: 10...hour)
        halfClosedTimeoutMilliseconds = section.milliseconds(
            "half_closed_timeout_ms", default: halfClosedTimeoutMilliseconds, in: 10...hour)
        tunnelTimeoutMilliseconds = section.milliseconds(
            "tunnel_timeout_ms", default: tunnelTimeoutMilliseconds, in: 10...24 * hour)
        drainTimeoutMilliseconds = section.milliseconds(
            "drain_timeout_ms", default: drainTimeoutMilliseconds, in: 0...600 * second)
        upgradeDrainMilliseconds = section.milliseconds(
            "upgrade_drain_ms", default: upgradeDrainMilliseconds, in: 0...24 * hour)
        maxRequestLineBytes = section.bytes("max_request_line_bytes", default: maxRequestLineBytes, in: 256...65_536)
        maxHeaderBytes = section.bytes("max_header_bytes", default: maxHeaderBytes, in: 1024...1 << 20)
        maxHeaderCount = section.integer("max_header_count", default: maxHeaderCount, in: 8...1000)
        maxBodyBytes = section.bytes("max_body_bytes", default: maxBodyBytes, in: 0...1 << 50)
        zone = section.string("zone", default: zone)
        cdnID = section.string("cdn_id", default: cdnID)
        if !cdnID.isEmpty, !cdnID.isPseudonym {
            section.report("cdn_id", "expected a host, with a port or without, or a token (RFC 8586)")
        }
        nameCacheMilliseconds = section.milliseconds(
            "name_cache_ms", default: nameCacheMilliseconds, in: 100...24 * hour)
        maxHops = section.integer("max_hops", default: maxHops, in: 1...1000)
        if section.node("peers") != nil { peers = PeersSection(reading: section.section("peers")) }
        debug = DebugSection(reading: section.section("debug"))
        http2 = HTTP2Section(reading: section.section("http2"))
        limits = EdgeLimitsSection(reading: section.section("limits"))
        if section.node("acme") != nil { acme = ACMESection(reading: section.section("acme")) }
        let firstNames = acmeCertificates.map(\.[0])
        if Set(firstNames).count < firstNames.count {
            // The first name is that of the file.
            section.report("acme", "two certificates begin with the same name; let the longer list serve both")
        }
        if acme == nil, !acmeCertificates.isEmpty {
            section.report("acme", "certificates are to come from an authority; name it: acme: {directory: URL}")
        }
        section.finish()
    }
}

extension OriginSection {
    private static let maximumEndpoints = 1024

    init(reading section: YAMLSection, index: Int) {
        let hour = 3_600_000
        name = section.string("name", default: index == 0 ? name : "\(name)\(index + 1)")
        let texts = section.strings("url")
        urls = (texts ?? []).compactMap { section.originURL("url", $0) }
        endpoints = section.sections("endpoints").compactMap { EndpointSection(reading: $0) }
        if texts?.isEmpty ?? true, !section.has("endpoints") {
            section.report("url", "an origin needs a url, such as http://127.0.0.1:3000")
        }
        var seen: Set<OriginURL> = []
        if let twice = (urls + endpoints.map(\.url)).first(where: { !seen.insert($0).inserted }) {
            section.report(
                urls.contains(twice) ? "url" : "endpoints", "\(twice) is named twice; weight gives an endpoint more")
        }
        if urls.count + endpoints.count > Self.maximumEndpoints {
            section.report("endpoints", "an origin has at most \(Self.maximumEndpoints) endpoints")
        }
        balance = BalanceSection(reading: section.section("balance"))
        if section.node("check") != nil { check = CheckSection(reading: section.section("check")) }
        outliers = OutlierSection(reading: section.section("outliers"))
        retry = RetrySection(reading: section.section("retry"))
        if section.node("affinity") != nil { affinity = AffinitySection(reading: section.section("affinity")) }
        parents = (section.strings("parents") ?? []).compactMap { section.originURL("parents", $0) }
        maxRequests = section.integer("max_requests", default: maxRequests, in: 0...1_000_000)
        if (urls + endpoints.map(\.url) + parents).contains(where: \.isSecure) {
            tls = OriginTLSSection(reading: section.section("tls"))
        } else if section.node("tls") != nil {
            section.report("tls", "none of the origin's URLs is https")
        }
        hosts = (section.strings("hosts") ?? hosts).map { $0.lowercased() }
        for host in hosts where !host.isRequestHost {
            section.report(
                "hosts",
                "expected a host such as shop.example or [2001:db8::1], without scheme, port and wildcard (every other "
                    + "host goes to an origin without hosts), found \"\(host)\"")
        }
        hostHeader = section.optionalString("host_header")
        if let hostHeader, !hostHeader.isHostHeader {
            section.report("host_header", "expected a host, with a port or without")
        }
        connectTimeoutMilliseconds = section.milliseconds(
            "connect_timeout_ms", default: connectTimeoutMilliseconds, in: 1...hour)
        firstByteTimeoutMilliseconds = section.milliseconds(
            "first_byte_timeout_ms", default: firstByteTimeoutMilliseconds, in: 1...hour)
        betweenBytesTimeoutMilliseconds = section.milliseconds(
            "between_bytes_timeout_ms", default: betweenBytesTimeoutMilliseconds, in: 1...hour)
        keepAliveTimeoutMilliseconds = section.milliseconds(
            "keep_alive_timeout_ms", default: keepAliveTimeoutMilliseconds, in: 0...24 * hour)
        maxConnections = section.integer("max_connections", default: maxConnections, in: 1...100_000)
        maxIdleConnections = section.integer("max_idle_connections", default: maxIdleConnections, in: 0...100_000)
        maxPendingRequests = section.integer("max_pending_requests", default: maxPendingRequests, in: 0...1_000_000)
        pendingTimeoutMilliseconds = section.milliseconds(
            "pending_timeout_ms", default: pendingTimeoutMilliseconds, in: 1...hour)
        maxConnectFailures = section.integer("max_connect_failures", default: maxConnectFailures, in: 1...1_000_000)
        connectPauseMilliseconds = section.milliseconds(
            "connect_pause_ms", default: connectPauseMilliseconds, in: 0...hour)
        retries = section.integer("retries", default: retries, in: 0...10)
        if retries == 0, retry.hedgeMilliseconds > 0 {
            section.report("retries", "a hedge counts as a retry: let there be one, or leave retry.hedge_ms out")
        }
        proxyProtocol = section.choice("proxy_protocol", default: proxyProtocol)
        wireProtocol = section.choice("protocol", default: wireProtocol)
        http2 = OriginHTTP2Section(reading: section.section("http2"))
        section.finish()
        if wireProtocol != .http1, proxyProtocol != .none {
            section.report("protocol", "a connection with a PROXY header carries one request; say http/1.1")
        }
        let isSecure = (urls + endpoints.map(\.url)).contains(where: \.isSecure)
        if wireProtocol == .auto, !isSecure, !urls.isEmpty || !endpoints.isEmpty {
            section.report("protocol", "only TLS lets a server choose; say h2 or http/1.1")
        }
    }
}

extension OriginHTTP2Section {
    init(reading section: YAMLSection) {
        maxStreams = section.integer("max_streams", default: maxStreams, in: 1...10_000)
        streamWindowBytes = section.bytes("stream_window_bytes", default: streamWindowBytes, in: 65_535...1 << 30)
        controlFramesPerSecond = section.integer(
            "control_frames_per_second", default: controlFramesPerSecond, in: 1...1_000_000)
        section.finish()
    }
}

extension CacheSection {
    init(reading section: YAMLSection) {
        isEnabled = section.bool("enabled", default: isEnabled)
        memoryBytes = section.bytes("memory_bytes", default: memoryBytes, in: 1 << 20...1 << 45)
        maxObjectBytes = section.bytes(
            "max_object_bytes", default: min(maxObjectBytes, memoryBytes), in: 1024...1 << 40)
        segmentBytes = section.bytes("segment_bytes", default: min(segmentBytes, maxObjectBytes), in: 0...1 << 30)
        segmentedAboveBytes = section.bytes("segmented_above_bytes", default: segmentedAboveBytes, in: 0...1 << 50)
        partialBytes = section.bytes("partial_bytes", default: min(partialBytes, maxObjectBytes), in: 0...1 << 30)
        vary = CacheVarySection(reading: section.section("vary"))
        heuristicFraction = section.fraction("heuristic_fraction", default: heuristicFraction, in: 0...1)
        maxHeuristicMilliseconds = section.milliseconds(
            "max_heuristic_ms", default: maxHeuristicMilliseconds, in: 0...365 * 86_400_000)
        staleWhenUnreachableMilliseconds = section.milliseconds(
            "stale_when_unreachable_ms", default: staleWhenUnreachableMilliseconds, in: 0...365 * 86_400_000)
        storesSetCookie = section.bool("store_set_cookie", default: storesSetCookie)
        deceptionGuard = section.bool("deception_guard", default: deceptionGuard)
        collapseTimeoutMilliseconds = section.milliseconds(
            "collapse_timeout_ms", default: collapseTimeoutMilliseconds, in: 0...3_600_000)
        maxTags = section.integer("max_tags", default: maxTags, in: 0...1000)
        sendsTags = section.bool("send_tags", default: sendsTags)
        honorsRequestDirectives = section.bool("honor_request_directives", default: honorsRequestDirectives)
        hitForMissMilliseconds = section.milliseconds(
            "hit_for_miss_ms", default: hitForMissMilliseconds, in: 0...86_400_000)
        limits = CacheLimitsSection(reading: section.section("limits"))
        compression = CompressionSection(reading: section.section("compression"))
        disk = CacheDiskSection(reading: section.section("disk"))
        section.finish()
    }
}

extension DebugSection {
    init(reading section: YAMLSection) {
        secret = section.optionalString("secret")
        if let secret, secret.utf8.count < 16 {
            section.report("secret", "a secret has at least 16 octets; openssl rand -hex 32 makes one")
        }
        maxLifeMilliseconds = section.milliseconds("max_life_ms", default: maxLifeMilliseconds, in: 1000...86_400_000)
        section.finish()
    }
}

extension CacheVarySection {
    init(reading section: YAMLSection) {
        acceptEncoding = section.choice("accept_encoding", default: acceptEncoding)
        if let names = section.strings("languages") {
            languages = names
            if names.count > CacheVarySection.maximumLanguages {
                section.report(
                    "languages", "at most \(CacheVarySection.maximumLanguages) languages, found \(names.count)")
            }
            for name in names where !CacheVarySection.isLanguage(name) {
                section.report("languages", "expected a language tag such as en or pt-BR, found \"\(name)\"")
            }
        }
        contentLanguage = section.bool("content_language", default: contentLanguage)
        section.finish()
    }

    private static let maximumLanguages = 64

    /// Subtags of 1 to 8 letters and digits (RFC 5646 §2.1).
    private static func isLanguage(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.split(separator: 0x2D, omittingEmptySubsequences: false).allSatisfy { part in
                (1...8).contains(part.count)
                    && part.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 }
            }
    }
}

extension CompressionLevels {
    fileprivate mutating func read(_ section: YAMLSection) {
        br = section.integer("br", default: br, in: 0...11)
        zstd = section.integer("zstd", default: zstd, in: 1...19)
        gzip = section.integer("gzip", default: gzip, in: 1...9)
        section.finish()
    }
}

extension CompressionSection {
    init(reading section: YAMLSection) {
        if let names = section.strings("codings") {
            codings = names.compactMap { name in
                let coding = Coding(rawValue: name)
                if coding == nil { section.report("codings", "expected br, zstd or gzip, found \"\(name)\"") }
                return coding
            }
        }
        minBytes = section.bytes("min_bytes", default: minBytes, in: 1...1 << 30)
        maxBytes = section.bytes("max_bytes", default: maxBytes, in: 1...1 << 30)
        types = section.strings("types")?.map { $0.lowercased() }
        for type in types ?? [] where !type.contains("/") {
            section.report("types", "expected media types such as text/* or application/json, found \"\(type)\"")
        }
        passed = section.bool("passed", default: passed)
        levels.read(section.section("levels"))
        passedLevels.read(section.section("passed_levels"))
        maxParallel = section.integer("max_parallel", default: maxParallel, in: 0...10_000)
        maxPassed = section.integer("max_passed", default: maxPassed, in: 0...100_000)
        section.finish()
    }
}

extension LogSection {
    init(reading section: YAMLSection) {
        durability = section.choice("durability", default: durability)
        syncIntervalMilliseconds = section.milliseconds(
            "sync_interval_ms", default: syncIntervalMilliseconds, in: 1...3_600_000)
        segmentBytes = section.bytes("segment_bytes", default: segmentBytes, in: 1 << 16...1 << 34)
        retentionBytes = section.bytes("retention_bytes", default: retentionBytes, in: 1 << 20...1 << 50)
        retentionMilliseconds = section.milliseconds(
            "retention_ms", default: retentionMilliseconds, in: 1000...100 * 365 * 86_400_000)
        queueBytes = section.bytes("queue_bytes", default: queueBytes, in: 1 << 20...1 << 36)
        compression = section.choice("compression", default: compression)
        isRequestsEnabled = section.bool("requests", default: isRequestsEnabled)
        flushIntervalMilliseconds = section.milliseconds(
            "flush_interval_ms", default: flushIntervalMilliseconds, in: 1...10_000)
        limits = LogLimitsSection(reading: section.section("limits"))
        section.finish()
    }
}

extension QuerySection {
    init(reading section: YAMLSection) {
        memoryBytes = section.bytes("memory_bytes", default: memoryBytes, in: 1 << 20...1 << 40)
        timeoutMilliseconds = section.milliseconds("timeout_ms", default: timeoutMilliseconds, in: 1...86_400_000)
        maxConcurrent = section.integer("max_concurrent", default: maxConcurrent, in: 1...10_000)
        spillBytes = section.bytes("spill_bytes", default: spillBytes, in: 0...1 << 44)
        threads = section.integer("threads", default: threads, in: 0...64)
        watermarkDelayMilliseconds = section.milliseconds(
            "watermark_delay_ms", default: watermarkDelayMilliseconds, in: 0...86_400_000)
        stateTimeToLiveMilliseconds = section.milliseconds(
            "state_ttl_ms", default: stateTimeToLiveMilliseconds, in: 1...365 * 86_400_000)
        limits = QueryLimitsSection(reading: section.section("limits"))
        section.finish()
    }
}

extension JobsSection {
    init(reading section: YAMLSection) {
        files = section.optionalString("files")
        checkpointIntervalMilliseconds = section.milliseconds(
            "checkpoint_interval_ms", default: checkpointIntervalMilliseconds, in: 10...3_600_000)
        stateBytes = section.bytes("state_bytes", default: stateBytes, in: 1 << 20...1 << 40)
        maximum = section.integer("maximum", default: maximum, in: 0...10_000)
        shards = section.integer("shards", default: shards, in: 1...64)
        restartBudget = section.integer("restart_budget", default: restartBudget, in: 0...1_000_000)
        deadLetterTopic = section.string("dead_letter_topic", default: deadLetterTopic)
        httpHosts = section.strings("http_hosts") ?? httpHosts
        futureToleranceMilliseconds = section.milliseconds(
            "future_tolerance_ms", default: futureToleranceMilliseconds, in: 0...86_400_000)
        section.finish()
    }
}

extension ViewSection {
    init(reading section: YAMLSection) {
        maxRows = section.integer("max_rows", default: maxRows, in: 1...1_000_000_000)
        maxBytes = section.bytes("max_bytes", default: maxBytes, in: 1 << 16...1 << 40)
        maxLayers = section.integer("max_layers", default: maxLayers, in: 1...64)
        section.finish()
    }
}

extension SubscriptionSection {
    init(reading section: YAMLSection) {
        maxCount = section.integer("max_count", default: maxCount, in: 0...1_000_000)
        maxEventsPerSecond = section.integer(
            "max_events_per_second", default: maxEventsPerSecond, in: 1...100_000_000)
        eventsPerSecond = section.integer(
            "events_per_second", default: min(eventsPerSecond, maxEventsPerSecond), in: 1...100_000_000)
        maxBytesPerSecond = section.bytes("max_bytes_per_second", default: maxBytesPerSecond, in: 1024...1 << 36)
        bytesPerSecond = section.bytes(
            "bytes_per_second", default: min(bytesPerSecond, maxBytesPerSecond), in: 1024...1 << 36)
        section.finish()
    }
}

extension ManagementSection {
    init(reading section: YAMLSection) {
        if let text = section.optionalString("listen"), let address = section.address("listen", text) {
            listen = address
        }
        token = section.optionalString("token")
        if let token, token.utf8.count < 8 || !token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            section.report("token", "a token has at least 8 printable ASCII characters and no space")
        }
        maxBodyBytes = section.bytes("max_body_bytes", default: maxBodyBytes, in: 1024...1 << 34)
        section.finish()
    }
}

extension YAMLSection {
    func address(_ key: String, _ text: String) -> Endpoint? {
        let address = Endpoint(text)
        if address == nil {
            report(key, "expected HOST:PORT, [IPV6]:PORT, unix:/PATH or a port from 0 to 65535, found \"\(text)\"")
        }
        return address
    }

    func block(_ key: String, _ text: String) -> CIDRBlock? {
        let block = CIDRBlock(text)
        if block == nil { report(key, "expected an address or a CIDR block such as 10.0.0.0/8, found \"\(text)\"") }
        return block
    }

    func originURL(_ key: String, _ text: String) -> OriginURL? {
        do {
            return try OriginURL(text)
        } catch {
            report(key, error.message)
            return nil
        }
    }
}

extension String {
    /// A field's name (RFC 9110, 5.1), or the beginning of names before a `*`.
    var isFieldPattern: Bool {
        let name = hasSuffix("*") ? dropLast() : self[...]
        return (1...256).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}*".utf8.contains($0) }
    }

    /// A `Host` header's value (RFC 9110, 7.2) as far as bytes go.
    var isHostHeader: Bool {
        !isEmpty && utf8.count <= 255
            && utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "@") }
    }
}
