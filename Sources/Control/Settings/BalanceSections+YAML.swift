/// How the sections about an origin's endpoints are read.
extension EndpointSection {
    init?(reading section: YAMLSection) {
        let text = section.optionalString("url")
        let weight = section.integer("weight", default: 1, in: 1...1000)
        let priority = section.integer("priority", default: 0, in: 0...127)
        let zone = section.string("zone", default: "")
        let labels = section.texts("labels")
        section.finish()
        guard let text else {
            section.report("url", "an endpoint needs a url, such as http://10.0.0.1:3000")
            return nil
        }
        guard let url = section.originURL("url", text) else { return nil }
        self.init(url: url)
        self.weight = weight
        self.priority = priority
        self.zone = zone
        self.labels = labels
    }
}

extension BalanceSection {
    init(reading section: YAMLSection) {
        policy = section.choice("policy", default: policy)
        if let text = section.optionalString("hash") {
            if let hash = Hash(text) {
                self.hash = hash
            } else {
                section.report("hash", "expected url, path, client, header:NAME or cookie:NAME, found \"\(text)\"")
            }
        }
        boundedLoad = section.fraction("bounded_load", default: boundedLoad, in: 0...10)
        if boundedLoad != 0, boundedLoad < 1.05 {
            section.report("bounded_load", "a bound is at least 1.05; 0 is none")
        }
        if policy != .ringHash, policy != .maglev {
            let key = section.has("hash") ? "hash" : boundedLoad != 0 ? "bounded_load" : nil
            if let key {
                section.report(
                    key, "policy \(policy.rawValue) does not hash; say ring_hash or maglev, or leave \(key) out")
            }
        }
        choices = section.integer("choices", default: choices, in: 2...16)
        decayMilliseconds = section.milliseconds("decay_ms", default: decayMilliseconds, in: 1...3_600_000)
        panicPercent = section.integer("panic_percent", default: panicPercent, in: 0...100)
        overprovisioning = section.fraction("overprovisioning", default: overprovisioning, in: 1...100)
        slowStartMilliseconds = section.milliseconds(
            "slow_start_ms", default: slowStartMilliseconds, in: 0...3_600_000)
        subsetHeader = section.optionalString("subset_header")
        subsetLabel = section.optionalString("subset_label")
        if (subsetHeader == nil) != (subsetLabel == nil) {
            section.report("subset_header", "subset_header and subset_label go together")
        }
        subsetFallsBack = section.bool("subset_fallback", default: subsetFallsBack)
        section.finish()
    }
}

extension BalanceSection.Hash {
    init?(_ text: String) {
        switch text {
        case "url": self = .url
        case "path": self = .path
        case "client": self = .client
        default:
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[1].isToken else { return nil }
            switch parts[0] {
            case "header": self = .header(parts[1])
            case "cookie": self = .cookie(parts[1])
            default: return nil
            }
        }
    }
}

extension CheckSection {
    init(reading section: YAMLSection) {
        kind = section.choice("kind", default: kind)
        path = section.string("path", default: path)
        if !path.hasPrefix("/") || !path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            section.report("path", "expected a path such as /healthz")
        }
        host = section.optionalString("host")
        if let host, !host.isHostHeader { section.report("host", "expected a host, with a port or without") }
        intervalMilliseconds = section.milliseconds("interval_ms", default: intervalMilliseconds, in: 10...3_600_000)
        timeoutMilliseconds = section.milliseconds("timeout_ms", default: timeoutMilliseconds, in: 10...600_000)
        rise = section.integer("rise", default: rise, in: 1...100)
        fall = section.integer("fall", default: fall, in: 1...100)
        if let text = section.optionalString("status") {
            if let range = Self.statuses(text) {
                statuses = range
            } else {
                section.report("status", "expected a status or a range of them, such as 200-399, found \"\(text)\"")
            }
        }
        section.finish()
    }

    private static func statuses(_ text: String) -> ClosedRange<Int>? {
        let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = numbers[0], let last = numbers[numbers.count - 1], numbers.count <= 2, first <= last,
            (100...599).contains(first), (100...599).contains(last)
        else { return nil }
        return first...last
    }
}

extension OutlierSection {
    init(reading section: YAMLSection) {
        consecutiveErrors = section.integer("consecutive_errors", default: consecutiveErrors, in: 0...10_000)
        consecutiveFailures = section.integer("consecutive_failures", default: consecutiveFailures, in: 0...10_000)
        intervalMilliseconds = section.milliseconds("interval_ms", default: intervalMilliseconds, in: 10...3_600_000)
        ejectionMilliseconds = section.milliseconds("ejection_ms", default: ejectionMilliseconds, in: 10...86_400_000)
        maxEjectionMilliseconds = section.milliseconds(
            "max_ejection_ms", default: max(maxEjectionMilliseconds, ejectionMilliseconds), in: 10...86_400_000)
        if maxEjectionMilliseconds < ejectionMilliseconds {
            section.report("max_ejection_ms", "the longest ejection is no shorter than the first (ejection_ms)")
        }
        maxEjectionPercent = section.integer("max_ejection_percent", default: maxEjectionPercent, in: 0...100)
        minEndpoints = section.integer("min_endpoints", default: minEndpoints, in: 2...10_000)
        minRequests = section.integer("min_requests", default: minRequests, in: 0...1_000_000)
        deviations = section.fraction("deviations", default: deviations, in: 0.1...100)
        section.finish()
    }
}

extension RetrySection {
    init(reading section: YAMLSection) {
        for text in section.strings("statuses") ?? [] {
            if let status = Int(text), (400...599).contains(status) {
                statuses.append(status)
            } else {
                section.report("statuses", "expected statuses from 400 to 599, found \"\(text)\"")
            }
        }
        onReset = section.bool("on_reset", default: onReset)
        onTimeout = section.bool("on_timeout", default: onTimeout)
        budgetPercent = section.integer("budget_percent", default: budgetPercent, in: 0...100)
        budgetMinimum = section.integer("budget_min", default: budgetMinimum, in: 0...100_000)
        hedgeMilliseconds = section.milliseconds("hedge_ms", default: hedgeMilliseconds, in: 0...600_000)
        maxConcurrent = section.integer("max_concurrent", default: maxConcurrent, in: 0...1_000_000)
        section.finish()
    }
}

extension AffinitySection {
    init?(reading section: YAMLSection) {
        self.init(secret: section.string("secret", default: ""))
        cookie = section.string("cookie", default: cookie)
        if !cookie.isToken { section.report("cookie", "a cookie's name is a token (RFC 6265)") }
        maxAgeMilliseconds = section.milliseconds(
            "max_age_ms", default: maxAgeMilliseconds, in: 0...365 * 86_400_000)
        if secret.utf8.count < 16 {
            section.report("secret", "affinity needs a secret of at least 16 bytes, the same on all edges")
        }
        section.finish()
    }
}

extension PeersSection {
    init(reading section: YAMLSection) {
        urls = (section.strings("urls") ?? []).compactMap { section.originURL("urls", $0) }
        own = section.optionalString("own").flatMap { section.originURL("own", $0) }
        if own == nil || !urls.contains(where: { $0 == own }) {
            section.report("own", "name which of peers.urls this edge is")
        }
        firstByteTimeoutMilliseconds = section.milliseconds(
            "first_byte_timeout_ms", default: firstByteTimeoutMilliseconds, in: 1...3_600_000)
        section.finish()
    }
}

extension String {
    /// RFC 9110, 5.6.2.
    var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
            }
    }
}
