import ESI
import Geography
import Reactor

extension Worker {
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
