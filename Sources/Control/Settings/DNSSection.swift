/// The authoritative name server (`squilla dns`).
public struct DNSSection: Hashable, Sendable {
    public var listen = [Endpoint(host: "127.0.0.1", port: 5353)]
    /// MaxMind's format; for pools that know countries.
    public var geoDatabase: String?
    /// To one network (IPv4 /24, IPv6 /56) over UDP; 0 is no limit.
    public var answersPerSecond = 200
    public var maxDatagramBytes = 1232
    public var maxConnections = 1000
    public var idleTimeoutMilliseconds = 10_000
    public var zones: [DNSZoneSection] = []
}

public struct DNSZoneSection: Hashable, Sendable {
    public var name = ""
    public var nameServers: [String] = []
    public var mailbox = "hostmaster"
    /// 0 is the time at which the file is read.
    public var serial = 0
    public var timeToLiveMilliseconds = 300_000
    /// How long it is remembered that there is nothing.
    public var negativeMilliseconds = 60_000
    public var records: [Record] = []
    public var pools: [Pool] = []

    public struct Record: Hashable, Sendable {
        public var name: String
        public var type: String
        public var values: [String]
        public var timeToLiveMilliseconds: Int
    }

    public struct Pool: Hashable, Sendable {
        public enum Policy: String, CaseIterable, Sendable {
            case roundRobin = "round_robin"
            case weighted
        }

        public var name = ""
        public var policy = Policy.roundRobin
        public var answers = 4
        public var timeToLiveMilliseconds = 30_000
        public var endpoints: [Endpoint] = []
        /// Nil asks nobody; every endpoint counts as well.
        public var check: CheckSection?
        /// Where checks go.
        public var port = 80
    }

    public struct Endpoint: Hashable, Sendable {
        public var address = ""
        public var weight = 1
        public var countries: [String] = []
        public var continents: [String] = []
    }
}

extension DNSSection {
    init(reading section: YAMLSection) {
        if let texts = section.strings("listen") { listen = texts.compactMap { section.address("listen", $0) } }
        geoDatabase = section.optionalString("geo_database")
        answersPerSecond = section.integer("answers_per_second", default: answersPerSecond, in: 0...1_000_000)
        maxDatagramBytes = section.bytes("max_datagram_bytes", default: maxDatagramBytes, in: 512...4096)
        maxConnections = section.integer("max_connections", default: maxConnections, in: 1...1_000_000)
        idleTimeoutMilliseconds = section.milliseconds(
            "idle_timeout_ms", default: idleTimeoutMilliseconds, in: 100...3_600_000)
        zones = section.sections("zones").map { DNSZoneSection(reading: $0) }
        if zones.isEmpty { section.report("zones", "name at least one zone") }
        section.finish()
    }
}

extension DNSZoneSection {
    private static let week = 7 * 86_400_000

    init(reading section: YAMLSection) {
        name = section.string("name", default: name)
        if name.isEmpty { section.report("name", "a zone needs a name, such as example.org") }
        nameServers = section.strings("name_servers") ?? []
        if nameServers.isEmpty {
            section.report("name_servers", "name the zone's name servers, such as ns1.example.org.")
        }
        mailbox = section.string("mailbox", default: mailbox)
        serial = section.integer("serial", default: serial, in: 0...4_294_967_295)
        timeToLiveMilliseconds = section.milliseconds("ttl_ms", default: timeToLiveMilliseconds, in: 0...Self.week)
        negativeMilliseconds = section.milliseconds(
            "negative_ttl_ms", default: negativeMilliseconds, in: 0...86_400_000)
        let usual = timeToLiveMilliseconds
        records = section.sections("records").map { record in
            let found = Record(
                name: record.string("name", default: "@"), type: record.string("type", default: "A"),
                values: record.strings("value") ?? [],
                timeToLiveMilliseconds: record.milliseconds("ttl_ms", default: usual, in: 0...Self.week))
            if found.values.isEmpty { record.report("value", "a record needs a value, or a list of them") }
            record.finish()
            return found
        }
        pools = section.sections("pools").map { Pool(reading: $0) }
        section.finish()
    }
}

extension DNSZoneSection.Pool {
    init(reading section: YAMLSection) {
        name = section.string("name", default: "@")
        policy = section.choice("policy", default: policy)
        answers = section.integer("answers", default: answers, in: 1...64)
        timeToLiveMilliseconds = section.milliseconds("ttl_ms", default: timeToLiveMilliseconds, in: 0...86_400_000)
        if section.node("check") != nil { check = CheckSection(reading: section.section("check")) }
        port = section.integer("port", default: port, in: 1...65_535)
        endpoints = section.sections("endpoints").map { endpoint in
            var found = DNSZoneSection.Endpoint()
            found.address = endpoint.string("address", default: "")
            found.weight = endpoint.integer("weight", default: 1, in: 0...1_000_000)
            found.countries = endpoint.codes("countries")
            found.continents = endpoint.codes("continents")
            endpoint.finish()
            return found
        }
        section.finish()
    }
}

extension YAMLSection {
    /// Codes of two letters, of countries (ISO 3166-1) or continents.
    fileprivate func codes(_ key: String) -> [String] {
        (strings(key) ?? []).map { code in
            if code.utf8.count != 2 || !code.allSatisfy(\.isLetter) {
                report(key, "expected codes of two letters, such as DE or EU, found \"\(code)\"")
            }
            return code.uppercased()
        }
    }
}
