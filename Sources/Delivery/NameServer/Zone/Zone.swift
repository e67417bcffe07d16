/// A part of the name space that this server answers for.
public struct Zone: Hashable, Sendable {
    /// What a name has.
    struct Node: Hashable, Sendable {
        var records: [ResourceRecord] = []
        /// The pool's place in `pools`.
        var pool: Int?
    }

    static let maximumRecords = 100_000

    public let name: DomainName
    let authority: ResourceRecord
    private(set) var nodes: [DomainName: Node] = [:]
    private(set) var pools: [(name: DomainName, pool: AddressPool)] = []
    /// Some names are given to other servers.
    private var hasCuts = false

    /// - Parameters:
    ///   - nameServers: of the zone itself; the first is the primary.
    ///   - mailbox: whom to write to, as a name (RFC 1035, 3.3.13): `hostmaster.example.org.`
    ///   - negativeSeconds: how long it is remembered that there is nothing.
    public init(
        name: DomainName, nameServers: [DomainName], mailbox: DomainName, serial: UInt32, timeToLiveSeconds: UInt32,
        negativeSeconds: UInt32
    ) throws(ZoneError) {
        guard let primary = nameServers.first else { throw ZoneError("a zone needs at least one name server") }
        self.name = name
        authority = ResourceRecord(
            .soa, timeToLiveSeconds: timeToLiveSeconds,
            .authority(
                .init(primary: primary, mailbox: mailbox, numbers: [serial, 7200, 900, 1_209_600, negativeSeconds])))
        nodes[name] = Node(records: [authority])
        for server in nameServers {
            try add(name, ResourceRecord(.ns, timeToLiveSeconds: timeToLiveSeconds, .name(prefix: [], server)))
        }
    }

    public mutating func add(_ owner: DomainName, _ record: ResourceRecord) throws(ZoneError) {
        try check(owner)
        var node = nodes[owner] ?? Node()
        let isAlias = record.type == .cname
        if isAlias, !node.records.isEmpty || node.pool != nil {
            throw ZoneError("\(owner) has a CNAME and other records (RFC 1034, 3.6.2)")
        }
        if node.records.contains(where: { $0.type == .cname }) {
            throw ZoneError("\(owner) has a CNAME and other records (RFC 1034, 3.6.2)")
        }
        if node.pool != nil, record.type == .a || record.type == .aaaa {
            throw ZoneError("\(owner) has a pool and addresses of its own")
        }
        guard !node.records.contains(record) else { throw ZoneError("\(owner) has the same record twice") }
        node.records.append(record)
        nodes[owner] = node
        if record.type == .ns, owner != name { hasCuts = true }
        addParents(of: owner)
    }

    public mutating func add(_ owner: DomainName, _ pool: AddressPool) throws(ZoneError) {
        try check(owner)
        var node = nodes[owner] ?? Node()
        guard node.pool == nil, !node.records.contains(where: { [.a, .aaaa, .cname].contains($0.type) }) else {
            throw ZoneError("\(owner) has a pool and addresses, or a CNAME, of its own")
        }
        guard !pool.endpoints.isEmpty else { throw ZoneError("the pool of \(owner) has no endpoints") }
        node.pool = pools.count
        pools.append((owner, pool))
        nodes[owner] = node
        addParents(of: owner)
    }

    private func check(_ owner: DomainName) throws(ZoneError) {
        guard owner.isWithin(name) else { throw ZoneError("\(owner) is not in the zone \(name)") }
        guard nodes.count < Self.maximumRecords else {
            throw ZoneError("a zone has at most \(Self.maximumRecords) names")
        }
    }

    /// Names without records that others are below exist, too (RFC 8020).
    private mutating func addParents(of owner: DomainName) {
        var next = owner.parent
        while let parent = next, parent.wire.count > name.wire.count, nodes[parent] == nil {
            nodes[parent] = Node()
            next = parent.parent
        }
    }

    /// Where a name is given to other servers, at itself or above, and to which (RFC 1034, 4.2.1); nil where it isn't.
    func cut(above name: DomainName) -> (owner: DomainName, servers: [ResourceRecord])? {
        guard hasCuts else { return nil }
        var found: (owner: DomainName, servers: [ResourceRecord])?
        var next: DomainName? = name
        // The highest: what would be given away further down is not ours any more.
        while let candidate = next, candidate.wire.count > self.name.wire.count {
            let servers = nodes[candidate]?.records.filter { $0.type == .ns } ?? []
            if !servers.isEmpty { found = (candidate, servers) }
            next = candidate.parent
        }
        return found
    }

    /// The name's own node, or that of the wildcard that stands for it (RFC 4592); nil where there is neither.
    func node(of name: DomainName) -> Node? {
        if let node = nodes[name] { return node }
        var next = name.parent
        while let encloser = next, encloser.wire.count >= self.name.wire.count {
            if nodes[encloser] != nil { return nodes[encloser.wildcard] }
            next = encloser.parent
        }
        return nil
    }

    public static func == (left: Zone, right: Zone) -> Bool {
        left.name == right.name && left.nodes == right.nodes && left.pools.map(\.pool) == right.pools.map(\.pool)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
