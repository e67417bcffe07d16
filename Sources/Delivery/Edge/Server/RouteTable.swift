import Bytes
import HTTPWire
import Reactor
import Upstream

/// Which origin serves which host, with its pools, for one loop.
struct RouteTable {
    struct Route {
        let name: String
        let settings: OriginSettings
        let pool: OriginPool
    }

    /// An origin's endpoints and whose turn it is.
    private final class Group {
        let origin: EdgeOrigin
        let routes: [Route]
        var turn = 0

        init(_ origin: EdgeOrigin, routes: [Route]) {
            self.origin = origin
            self.routes = routes
        }

        func next() -> Route {
            if routes.count == 1 { return routes[0] }
            turn = (turn + 1) % routes.count
            return routes[turn]
        }
    }

    private var groups: [Group] = []
    private var named: [(host: [UInt8], group: Group)] = []
    private var fallback: Group?

    init() {}

    /// - Parameter reusing: pools with the same settings are kept with their connections; the others are closed.
    init(_ origins: [EdgeOrigin], loop: EventLoop, resolver: Resolver, reusing old: RouteTable?) {
        var known = old?.groups.flatMap(\.routes) ?? []
        for origin in origins where !origin.endpoints.isEmpty {
            let routes = origin.endpoints.map { settings in
                if let index = known.firstIndex(where: { $0.settings == settings }) {
                    return Route(name: origin.name, settings: settings, pool: known.remove(at: index).pool)
                }
                return Route(
                    name: origin.name, settings: settings,
                    pool: OriginPool(settings: settings, loop: loop, resolver: resolver))
            }
            let group = Group(origin, routes: routes)
            groups.append(group)
            for host in origin.hosts { named.append((Array(host.lowercased().utf8), group)) }
            if origin.hosts.isEmpty, fallback == nil { fallback = group }
        }
        for route in known { route.pool.close() }
    }

    func route(host: Span<UInt8>) -> Route? {
        for entry in named where host.equalsIgnoringCase(entry.host.span) { return entry.group.next() }
        return fallback?.next()
    }

    func close() {
        for group in groups {
            for route in group.routes { route.pool.close() }
        }
    }
}
