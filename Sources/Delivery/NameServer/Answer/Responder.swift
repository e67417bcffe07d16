/// Answers questions. A value without I/O: bytes in, bytes out.
public struct Responder: Sendable {
    /// What it has to know of the world.
    public struct Surroundings {
        /// Where an address is: IPv4 as `::ffff:a.b.c.d`.
        public var place: (_ high: UInt64, _ low: UInt64) -> AskerPlace?
        /// Whether the endpoint of that place in the pool of that name can be used.
        public var isWell: (_ pool: DomainName, _ endpoint: Int) -> Bool

        public init(
            place: @escaping (_ high: UInt64, _ low: UInt64) -> AskerPlace?,
            isWell: @escaping (_ pool: DomainName, _ endpoint: Int) -> Bool
        ) {
            self.place = place
            self.isWell = isWell
        }
    }

    /// How an asker is reached.
    enum Transport: Sendable {
        case datagram, stream
    }

    /// Of datagrams, in both directions: what passes without fragments (DNS flag day 2020).
    public var maxDatagramBytes = 1232
    static let maximumAliases = 8

    private let zones: [DomainName: Zone]
    private var turn = 0
    private var random: SystemRandomNumberGenerator
    private(set) var counters = AnswerCounters()

    public init(_ zones: [Zone]) throws(ZoneError) {
        var byName: [DomainName: Zone] = [:]
        for zone in zones where byName.updateValue(zone, forKey: zone.name) != nil {
            throw ZoneError("the zone \(zone.name) is there twice")
        }
        self.zones = byName
        random = SystemRandomNumberGenerator()
    }

    /// - Returns: nil where silence is the answer.
    mutating func answer(
        _ bytes: ArraySlice<UInt8>, over transport: Transport, high: UInt64, low: UInt64, _ world: Surroundings
    ) -> [UInt8]? {
        switch DNSQuery.read(bytes) {
        case .ignored:
            counters.ignored += 1
            return nil
        case .malformed(let id, let opcode):
            let code: ResponseCode = opcode == 0 ? .formatError : .notImplemented
            counters.count(code)
            return DNSWriter(id: id, opcode: opcode, code: code, isAuthoritative: false, recursionIsDesired: false)
                .bytes
        case .query(let query):
            var answer = Answer()
            let asker = query.extensions?.subnet.map(\.mapped) ?? (high, low)
            find(query, asker, world, &answer)
            counters.count(answer.code)
            return written(query, answer, transport)
        }
    }

    /// The same question's answer without records, "ask again over TCP"; for those who ask too often.
    func truncated(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        guard case .query(let query) = DNSQuery.read(bytes) else { return nil }
        var writer = DNSWriter(
            id: query.id, opcode: query.opcode, code: .noError, isAuthoritative: true,
            recursionIsDesired: query.recursionIsDesired)
        writer.question(query)
        writer.setTruncated()
        return writer.bytes
    }

    /// What an answer is made of.
    private struct Answer {
        var code = ResponseCode.noError
        var isAuthoritative = false
        var records: [(DomainName, ResourceRecord)] = []
        var authority: [(DomainName, ResourceRecord)] = []
        var additions: [(DomainName, ResourceRecord)] = []
        /// Whether the asker's place made a difference.
        var isOfPlace = false
    }

    private mutating func find(
        _ query: DNSQuery, _ asker: (high: UInt64, low: UInt64), _ world: Surroundings, _ answer: inout Answer
    ) {
        if let extensions = query.extensions, extensions.version != 0 { return answer.code = .badVersion }
        guard query.classCode == 1, !query.type.isRefused, let zone = zone(of: query.name) else {
            return answer.code = .refused
        }
        answer.isAuthoritative = true
        var name = query.name
        for _ in 0...Self.maximumAliases {
            // What is known of a signed child is the parent's to say (RFC 4035, 3.1.4.1).
            if query.type != .delegationSigner, let cut = zone.cut(above: name) {
                return refer(cut.servers, of: cut.owner, zone, &answer)
            }
            guard let node = zone.node(of: name) else {
                // Of an alias, too: the code is that of the last name (RFC 6604).
                answer.code = .nameError
                answer.authority = [(zone.name, zone.negative)]
                return
            }
            if query.type == .any {
                answer.records.append((name, Self.shortened))
                return
            }
            if query.type != .cname, let alias = node.records.first(where: { $0.type == .cname }),
                case .name(_, let target) = alias.data
            {
                answer.records.append((name, alias))
                guard target.isWithin(zone.name) else { return }
                name = target
                continue
            }
            take(node, of: zone, name, query.type, asker, world, &answer)
            return
        }
    }

    private mutating func take(
        _ node: Zone.Node, of zone: Zone, _ name: DomainName, _ type: RecordType, _ asker: (high: UInt64, low: UInt64),
        _ world: Surroundings, _ answer: inout Answer
    ) {
        let before = answer.records.count
        for record in node.records where record.type == type { answer.records.append((name, record)) }
        if let index = node.pool, type == .a || type == .aaaa {
            let (owner, pool) = zone.pools[index]
            answer.isOfPlace = answer.isOfPlace || pool.dependsOnPlace
            turn &+= 1
            let chosen = pool.chosen(
                isIPv4: type == .a, from: pool.dependsOnPlace ? world.place(asker.high, asker.low) : nil,
                isWell: { world.isWell(owner, $0) }, turn: turn & Int.max, random: &random)
            for endpoint in chosen {
                let data = ResourceRecord.Data.bytes(pool.endpoints[endpoint].address.bytes)
                answer.records.append((name, ResourceRecord(type, timeToLiveSeconds: pool.timeToLiveSeconds, data)))
            }
        }
        if answer.records.count == before { answer.authority = [(zone.name, zone.negative)] }
        addAddresses(of: answer.records[before...].map(\.1), zone, &answer)
    }

    /// Others answer for the name: says who (RFC 1034, 4.3.2).
    private func refer(_ servers: [ResourceRecord], of owner: DomainName, _ zone: Zone, _ answer: inout Answer) {
        // With an alias in front, that much is ours.
        answer.isAuthoritative = !answer.records.isEmpty
        answer.authority = servers.map { (owner, $0) }
        addAddresses(of: servers, zone, &answer)
    }

    /// The addresses of what records name, where we know them.
    private func addAddresses(of records: [ResourceRecord], _ zone: Zone, _ answer: inout Answer) {
        for record in records {
            guard [.ns, .mx, .srv].contains(record.type), case .name(_, let target) = record.data,
                let node = zone.nodes[target]
            else { continue }
            for address in node.records where address.type == .a || address.type == .aaaa {
                answer.additions.append((target, address))
            }
        }
    }

    /// RFC 8482, 4.2.
    private static let shortened = ResourceRecord(
        .hinfo, timeToLiveSeconds: 3600, .bytes([7] + Array("RFC8482".utf8) + [0]))

    /// The zone that is nearest above the name.
    private func zone(of name: DomainName) -> Zone? {
        var next: DomainName? = name
        while let candidate = next {
            if let zone = zones[candidate] { return zone }
            next = candidate.parent
        }
        return nil
    }

    private func written(_ query: DNSQuery, _ answer: Answer, _ transport: Transport) -> [UInt8] {
        let limit: Int
        switch transport {
        case .stream: limit = 65_535
        case .datagram: limit = min(maxDatagramBytes, query.extensions?.payloadBytes ?? 512)
        }
        let whole = write(query, answer, additions: answer.additions, isTruncated: false)
        if whole.count <= limit { return whole }
        let bare = write(query, answer, additions: [], isTruncated: false)
        if bare.count <= limit { return bare }
        var nothing = Answer()
        nothing.code = answer.code
        nothing.isAuthoritative = answer.isAuthoritative
        return write(query, nothing, additions: [], isTruncated: true)
    }

    private func write(
        _ query: DNSQuery, _ answer: Answer, additions: [(DomainName, ResourceRecord)], isTruncated: Bool
    ) -> [UInt8] {
        var writer = DNSWriter(
            id: query.id, opcode: query.opcode, code: answer.code, isAuthoritative: answer.isAuthoritative,
            recursionIsDesired: query.recursionIsDesired)
        writer.question(query)
        for (owner, record) in answer.records { writer.record(owner, record, in: .answer) }
        for (owner, record) in answer.authority { writer.record(owner, record, in: .authority) }
        for (owner, record) in additions { writer.record(owner, record, in: .additional) }
        if let extensions = query.extensions {
            let subnet = extensions.subnet.map { ($0, scope: answer.isOfPlace ? $0.prefixBits : 0) }
            writer.extensions(
                code: answer.code, payloadBytes: maxDatagramBytes, wantsDNSSEC: extensions.wantsDNSSEC, subnet: subnet)
        }
        if isTruncated { writer.setTruncated() }
        return writer.bytes
    }
}

extension Zone {
    /// The SOA as it comes with "there is nothing": it lives no longer than that may be remembered (RFC 2308, 3).
    var negative: ResourceRecord {
        guard case .authority(let data) = authority.data else { return authority }
        var record = authority
        record.timeToLiveSeconds = min(authority.timeToLiveSeconds, data.numbers[4])
        return record
    }
}

/// How often each kind of answer was given.
struct AnswerCounters: Hashable, Sendable {
    private(set) var byCode: [ResponseCode: UInt64] = [:]
    /// What was no question.
    var ignored: UInt64 = 0

    mutating func count(_ code: ResponseCode) { byCode[code, default: 0] += 1 }
}
