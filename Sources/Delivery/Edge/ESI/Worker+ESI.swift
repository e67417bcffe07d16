import ESI
import Geography
import HTTPCache
import Reactor

extension Worker {
    /// Compiles a stored page or fragment, and keeps that.
    /// - Parameter body: that of the response, without its coding.
    func compile(_ key: CacheKey, _ object: CachedObject, _ body: Span<UInt8>, base: ESIURL?) -> ESIPage {
        let page = ESIPage(body, settings: settings.esi.page, base: base)
        compiledPages.keep(page, key.hash, object, limit: settings.esi.compiledBytes)
        return page
    }

    /// What `GEO` and `TRAFFIC_INFO` of a page are asked.
    func esiFacts(_ address: SocketAddress) -> (@Sendable (ESIDictionary, [UInt8]) -> [UInt8]?)? {
        let requests = counters.requests
        let open = counters.openConnections
        let geography = settings.esi.geography
        return { dictionary, key in
            let name = String(decoding: key, as: UTF8.self)
            switch dictionary {
            case .geography:
                guard let fact = GeoDatabase.Fact(rawValue: name) else { return nil }
                return geography?.find(fact, high: address.high, low: address.low)
            case .trafficInfo:
                switch name {
                case "requests": return Array(String(requests).utf8)
                case "connections": return Array(String(open).utf8)
                default: return nil
                }
            }
        }
    }
}
