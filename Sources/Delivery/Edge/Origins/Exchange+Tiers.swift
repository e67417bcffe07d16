import Bytes
import HTTPCache
import HTTPWire
import Upstream

/// Who is asked for a request, and in which order.
extension Exchange {
    /// Peers and parents are asked for what may be stored; all else is the origin's.
    func tiers(_ route: RouteTable.Route, fetch: (any CacheErrand)?) -> [OriginCall.Tier] {
        var tiers: [OriginCall.Tier] = []
        let asksCaches = fetch != nil && (route.peers != nil || route.parents != nil)
        if asksCaches, let fetch, !isFromPeer {
            let caches = [route.peers, route.parents].compactMap { $0 }
            for group in caches {
                var tier = OriginCall.Tier(group, head: requestHead(route, fetch: fetch, tier: group.tier))
                tier.hash = hash(of: .url)
                tiers.append(tier)
            }
        } else if asksCaches, let fetch, let parents = route.parents {
            var tier = OriginCall.Tier(parents, head: requestHead(route, fetch: fetch, tier: .parent))
            tier.hash = hash(of: .url)
            tiers.append(tier)
        }
        var tier = OriginCall.Tier(route.group, head: requestHead(route, fetch: fetch, tier: .origin))
        let balance = route.origin.policy.balance
        switch balance.policy {
        case .ringHash, .maglev: tier.hash = hash(of: balance.hashKey)
        case .roundRobin, .random, .leastRequest, .peakEWMA: break
        }
        if let affinity = route.origin.affinity { tier.bound = boundEndpoint(affinity) }
        if let subset = balance.subset { tier.subset = self.subset(subset, route.group) }
        tiers.append(tier)
        return tiers
    }

    private func subset(_ settings: BalanceSettings.Subset, _ group: OriginGroup) -> String? {
        guard let value = head.block.string(named: settings.header) else { return nil }
        let isKnown = group.standing.endpoints.contains { $0.placement.labels[settings.label] == value }
        return isKnown || !settings.fallsBack ? value : nil
    }

    /// Nil where the request has nothing of the kind.
    func hash(of key: BalanceSettings.HashKey) -> UInt64? {
        var hash = StableHash()
        let head = self.head
        switch key {
        case .url:
            let host = head.slice(head.host)
            for index in host.indices { hash.combine(host[index] &- 0x41 < 26 ? host[index] | 0x20 : host[index]) }
            hash.combine(head.slice(head.originTarget))
        case .path:
            let target = head.slice(head.originTarget)
            hash.combine(target.extracting(0..<(target.firstIndex(of: 0x3F) ?? target.count)))
        case .client:
            for shift in stride(from: 0, to: 64, by: 8) {
                hash.combine(UInt8(truncatingIfNeeded: row.clientHigh >> UInt64(shift)))
                hash.combine(UInt8(truncatingIfNeeded: row.clientLow >> UInt64(shift)))
            }
        case .header(let name):
            guard let value = head.block.string(named: name), !value.isEmpty else { return nil }
            for byte in value.utf8 { hash.combine(byte) }
        case .cookie(let name):
            guard let value = head.block.cookie(Array(name.utf8)), !value.isEmpty else { return nil }
            hash.combine(value.span)
        }
        return hash.value
    }

    // MARK: Affinity

    private func boundEndpoint(_ settings: AffinitySettings) -> UInt64? {
        guard let value = head.block.cookie(Array(settings.cookie.utf8)) else { return nil }
        return AffinityCookie.read(value, settings)
    }

    /// Binds the client to the endpoint that answers, unless it is already. For responses that nobody else gets.
    func writeAffinity(_ writer: inout HeadWriter, _ call: OriginCall?) {
        guard worker.hasAffinity, let call, let settings = route?.origin.affinity, let id = call.endpointID,
            call.facts.endpoint?.tier == .origin, boundEndpoint(settings) != id
        else { return }
        var value = AffinityCookie.write(id, settings)
        value.append(contentsOf: "; Path=/; HttpOnly; SameSite=Lax".utf8)
        if settings.maximumAgeSeconds > 0 { value.append(contentsOf: "; Max-Age=\(settings.maximumAgeSeconds)".utf8) }
        writer.startField("Set-Cookie")
        writer.bytes.append(contentsOf: "\(settings.cookie)=".utf8)
        writer.bytes.append(contentsOf: value)
        writer.endLine()
    }
}

extension HeaderBlock {
    /// The first cookie of this name (RFC 6265, 5.4).
    func cookie(_ name: [UInt8]) -> [UInt8]? {
        guard contains(.cookie) else { return nil }
        for field in fields where field.id == .cookie {
            for pair in slice(field.value).pieces(separatedBy: 0x3B) where pair.starts(with: name) {
                guard pair.count > name.count, pair[pair.startIndex + name.count] == 0x3D else { continue }
                return Array(pair.dropFirst(name.count + 1))
            }
        }
        return nil
    }
}

extension Span<UInt8> {
    /// Copies of the parts, without blanks around them.
    fileprivate func pieces(separatedBy separator: UInt8) -> [ArraySlice<UInt8>] {
        [UInt8](self).split(separator: separator).map { piece in
            var piece = piece.drop { $0 == 0x20 || $0 == 0x09 }
            while let last = piece.last, last == 0x20 || last == 0x09 { piece.removeLast() }
            return piece
        }
    }
}
