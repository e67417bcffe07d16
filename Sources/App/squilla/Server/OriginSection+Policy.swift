import Edge
import Settings
import Upstream

/// How an origin's endpoints are used, in the terms of the modules that do it.
extension OriginSection {
    var allEndpoints: [EndpointSection] { urls.map { EndpointSection(url: $0) } + endpoints }

    func policy(zone: String) -> OriginPolicy {
        var policy = OriginPolicy()
        policy.balance = balance.settings
        policy.balance.zone = zone
        policy.outliers = outliers.settings
        policy.check = check?.settings
        policy.retry = retry.settings
        policy.retry.maximum = retries
        policy.breakers.maximumRequests = maxRequests
        policy.breakers.maximumRetries = retry.maxConcurrent
        return policy
    }
}

extension BalanceSection {
    fileprivate var settings: BalanceSettings {
        var settings = BalanceSettings()
        settings.policy =
            switch policy {
            case .roundRobin: .roundRobin
            case .random: .random
            case .leastRequest: .leastRequest
            case .peakEWMA: .peakEWMA
            case .ringHash: .ringHash
            case .maglev: .maglev
            }
        settings.hashKey =
            switch hash {
            case .url: .url
            case .path: .path
            case .client: .client
            case .header(let name): .header(name)
            case .cookie(let name): .cookie(name)
            }
        settings.boundedLoad = boundedLoad
        settings.choices = choices
        settings.decayMilliseconds = decayMilliseconds
        settings.panicPercent = panicPercent
        settings.overprovisioning = overprovisioning
        settings.slowStartMilliseconds = slowStartMilliseconds
        if let subsetHeader, let subsetLabel {
            settings.subset = .init(header: subsetHeader, label: subsetLabel, fallsBack: subsetFallsBack)
        }
        return settings
    }
}

extension CheckSection {
    var settings: HealthCheckSettings {
        var settings = HealthCheckSettings()
        settings.kind = kind == .tcp ? .tcp : .http
        settings.path = path
        settings.host = host
        settings.intervalMilliseconds = intervalMilliseconds
        settings.timeoutMilliseconds = timeoutMilliseconds
        settings.rise = rise
        settings.fall = fall
        settings.statuses = statuses
        return settings
    }
}

extension OutlierSection {
    fileprivate var settings: OutlierSettings {
        var settings = OutlierSettings()
        settings.consecutiveErrors = consecutiveErrors
        settings.consecutiveFailures = consecutiveFailures
        settings.intervalMilliseconds = intervalMilliseconds
        settings.ejectionMilliseconds = ejectionMilliseconds
        settings.maximumEjectionMilliseconds = maxEjectionMilliseconds
        settings.maximumEjectionPercent = maxEjectionPercent
        settings.minimumEndpoints = minEndpoints
        settings.minimumRequests = minRequests
        settings.deviationThousandths = Int(deviations * 1000)
        return settings
    }
}

extension RetrySection {
    fileprivate var settings: RetrySettings {
        var settings = RetrySettings()
        settings.statuses = statuses
        settings.onReset = onReset
        settings.onTimeout = onTimeout
        settings.budgetPercent = budgetPercent
        settings.budgetMinimum = budgetMinimum
        settings.hedgeMilliseconds = hedgeMilliseconds
        return settings
    }
}

extension AffinitySection {
    var settings: AffinitySettings {
        var settings = AffinitySettings(secret: secret)
        settings.cookie = cookie
        settings.maximumAgeSeconds = maxAgeMilliseconds / 1000
        return settings
    }
}

extension EndpointSection {
    var placement: Placement {
        var placement = Placement()
        placement.weight = weight
        placement.priority = priority
        placement.zone = zone
        placement.labels = labels
        return placement
    }
}

extension PeersSection {
    /// - Parameter settings: makes an address into what connections to it need.
    func settings(_ settings: (OriginURL) throws -> OriginSettings) rethrows -> PeerSettings? {
        guard let own, let index = urls.firstIndex(of: own) else { return nil }
        var edges = try urls.map(settings)
        for index in edges.indices { edges[index].firstByteTimeoutMilliseconds = firstByteTimeoutMilliseconds }
        return PeerSettings(edges: edges, own: index)
    }
}
