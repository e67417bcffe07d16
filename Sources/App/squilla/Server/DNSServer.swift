import Foundation
import Geography
import NameServer
import Reactor
import Settings
import Upstream

/// `squilla dns`: zones on one loop, with health checks of their pools' endpoints and a MaxMind database.
final class DNSServer {
    private let section: DNSSection
    private let loop: EventLoop
    private var standings: [DomainName: OriginStanding] = [:]
    private var probers: [HealthProber] = []
    private var service: NameService?
    /// What checks found; read and written on the loop.
    private var unwell: [DomainName: Set<Int>] = [:]
    private var timer: LoopTimer?
    private let note: @Sendable (String) -> Void
    private(set) var addresses: [SocketAddress] = []

    private static let reportMilliseconds = 100

    init(_ section: DNSSection, note: @escaping @Sendable (String) -> Void) throws {
        self.section = section
        self.note = note
        loop = try EventLoop(name: "squilla-dns")
    }

    /// Binds, then answers on a thread of its own.
    func start() throws {
        let responder = try section.responder()
        let geography = try section.geoDatabase.map { try GeoDatabase(path: $0) }
        let world = Responder.Surroundings(
            place: { high, low in geography.flatMap { $0.place(high: high, low: low) } },
            isWell: { [unowned self] pool, endpoint in !(unwell[pool]?.contains(endpoint) ?? false) })
        let rate = AnswerRate(perSecond: section.answersPerSecond, salt: .random(in: 0...UInt64.max))
        var limits = NameService.Limits()
        limits.maxConnections = section.maxConnections
        limits.idleMilliseconds = section.idleTimeoutMilliseconds
        let service = NameService(responder, rate: rate, world: world, limits: limits, loop: loop)
        for endpoint in section.listen {
            guard let wanted = SocketAddress(numeric: endpoint.host, port: UInt16(endpoint.port)) else {
                throw Failure("dns.listen: expected an IPv4 or IPv6 address with a port, found \"\(endpoint)\"")
            }
            let (datagrams, stream) = try Self.bind(wanted)
            service.attach(datagrams, stream)
            addresses.append(datagrams.address)
        }
        self.service = service
        try startChecks()
        loop.start()
    }

    /// Both on one port. A port that the system chooses for the one may be taken for the other: then another is tried.
    private static func bind(_ address: SocketAddress) throws -> (DatagramSocket, ListeningSocket) {
        let tries = address.port == 0 ? 16 : 1
        var attempt = 1
        while true {
            let stream = try ListeningSocket.open(address, count: 1)[0]
            do {
                return (try DatagramSocket(stream.address), stream)
            } catch {
                stream.close()
                if attempt == tries { throw error }
                attempt += 1
            }
        }
    }

    func stop() {
        loop.stop()
        // The loop's thread has ended: what was its own can be read here.
        if let service { note(service.summary) }
    }

    /// Takes the zones of a file that was read again. Checks and addresses stay as they are until a restart.
    func reload(_ section: DNSSection) throws {
        report()
        let box = Confined((service: service, responder: try section.responder()))
        loop.execute { box.value.service?.replace(box.value.responder) }
    }

    /// Says how many answers of each kind these zones have given.
    private func report() {
        let service = Confined(service)
        loop.execute { [note] in
            if let service = service.value { note(service.summary) }
        }
    }

    private func startChecks() throws {
        let resolver = Resolver()
        for zone in section.zones {
            for pool in zone.pools {
                guard let check = pool.check else { continue }
                let name = try zone.owner(pool.name)
                var policy = OriginPolicy()
                policy.check = check.settings
                let endpoints = pool.endpoints.map {
                    OriginSettings(name: pool.name, host: $0.address, port: UInt16(pool.port))
                }
                let standing = OriginStanding(name: name.description, endpoints: endpoints, policy: policy)
                standings[name] = standing
                if let prober = HealthProber(standing: standing, loop: loop, resolver: resolver) {
                    probers.append(prober)
                }
            }
        }
        guard !standings.isEmpty else { return }
        timer = LoopTimer(loop: loop) { [unowned self] in readReports() }
        timer?.setDeadline(afterMilliseconds: Self.reportMilliseconds)
    }

    private func readReports() {
        for (name, standing) in standings {
            let found = Set(standing.report(now: 0).enumerated().filter { $1.state == .unwell }.map(\.offset))
            for index in found.symmetricDifference(unwell[name] ?? []).sorted() {
                let state = found.contains(index) ? "is not answered any more" : "is well again"
                note("\(name) \(standing.endpoints[index].host) \(state)")
            }
            unwell[name] = found
        }
        timer?.setDeadline(afterMilliseconds: Self.reportMilliseconds)
    }
}

extension GeoDatabase {
    fileprivate func place(high: UInt64, low: UInt64) -> AskerPlace? {
        let country = find(.countryCode, high: high, low: low)
        let continent = find(.continent, high: high, low: low)
        guard country != nil || continent != nil else { return nil }
        return AskerPlace(
            country: String(decoding: country ?? [], as: UTF8.self),
            continent: String(decoding: continent ?? [], as: UTF8.self))
    }
}

extension DNSSection {
    /// - Throws: `Failure` that names the zone and what is wrong with it.
    func responder() throws -> Responder {
        var responder = try Responder(try zones.map { try $0.zone() })
        responder.maxDatagramBytes = maxDatagramBytes
        return responder
    }
}

extension DNSZoneSection {
    private func origin() throws -> DomainName {
        guard let origin = DomainName(name.hasSuffix(".") ? name : name + ".") else {
            throw Failure("dns.zones: \"\(name)\" is no domain name")
        }
        return origin
    }

    func owner(_ text: String) throws -> DomainName {
        guard let owner = DomainName(text, in: try origin()) else {
            throw Failure("dns.zones: \(name): \"\(text)\" is no domain name")
        }
        return owner
    }

    fileprivate func zone() throws -> Zone {
        do {
            let origin = try origin()
            let seconds = { (milliseconds: Int) in UInt32(clamping: milliseconds / 1000) }
            var zone = try Zone(
                name: origin, nameServers: try nameServers.map(owner), mailbox: try owner(mailbox),
                serial: serial == 0 ? UInt32(clamping: Int(Date().timeIntervalSince1970)) : UInt32(serial),
                timeToLiveSeconds: seconds(timeToLiveMilliseconds), negativeSeconds: seconds(negativeMilliseconds))
            for record in records {
                for value in record.values {
                    try zone.add(
                        owner(record.name),
                        ResourceRecord(
                            type: record.type, value: value, timeToLiveSeconds: seconds(record.timeToLiveMilliseconds),
                            origin: origin))
                }
            }
            for pool in pools { try zone.add(owner(pool.name), pool.addressPool) }
            return zone
        } catch let error as ZoneError {
            throw Failure("dns.zones: \(name): \(error)")
        }
    }
}

extension DNSZoneSection.Pool {
    fileprivate var addressPool: AddressPool {
        get throws {
            var pool = AddressPool()
            pool.policy = policy == .weighted ? .weighted : .roundRobin
            pool.answers = answers
            pool.timeToLiveSeconds = UInt32(clamping: timeToLiveMilliseconds / 1000)
            pool.endpoints = try endpoints.map { endpoint in
                guard let address = NumericAddress(endpoint.address) else {
                    throw Failure("dns.zones: pool \(name): expected an address, found \"\(endpoint.address)\"")
                }
                var found = AddressPool.Endpoint(address: address)
                found.weight = endpoint.weight
                found.countries = endpoint.countries
                found.continents = endpoint.continents
                return found
            }
            return pool
        }
    }
}
