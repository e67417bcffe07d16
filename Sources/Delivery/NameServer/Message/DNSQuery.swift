/// One question as it came in (RFC 1035, 4; RFC 6891).
struct DNSQuery: Equatable, Sendable {
    /// What a datagram or a message over TCP turned out to be.
    enum Reading: Equatable, Sendable {
        case query(DNSQuery)
        /// To be answered with FORMERR, as far as its head could be read.
        case malformed(id: UInt16, opcode: UInt8)
        /// Not a question: an answer to somebody else, or rubbish. Answering would only help to make noise.
        case ignored
    }

    static let headBytes = 12

    var id: UInt16
    var opcode: UInt8
    var recursionIsDesired: Bool
    var name: DomainName
    /// The name as it was spelled, to be sent back so (draft-vixie-dnsext-dns0x20).
    var spelling: [UInt8]
    var type: RecordType
    var classCode: UInt16
    var extensions: Extensions?

    /// EDNS.
    struct Extensions: Equatable, Sendable {
        /// The largest answer over UDP that the asker takes.
        var payloadBytes: Int
        var version: UInt8
        var wantsDNSSEC: Bool
        var subnet: ClientSubnet?
    }

    /// For whom a resolver asks (RFC 7871).
    struct ClientSubnet: Equatable, Sendable {
        var family: UInt16
        var prefixBits: UInt8
        /// As sent: as many bytes as `prefixBits` needs.
        var address: [UInt8]

        /// IPv4 as `::ffff:a.b.c.d`, as two numbers.
        var mapped: (high: UInt64, low: UInt64) {
            var bytes = family == 1 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] : []
            bytes += address
            bytes += [UInt8](repeating: 0, count: max(0, 16 - bytes.count))
            let halves = [bytes[..<8], bytes[8..<16]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            return (halves[0], halves[1])
        }
    }

    static func read(_ bytes: ArraySlice<UInt8>) -> Reading {
        var reader = DNSReader(bytes)
        guard let id = reader.number16(), let flags = reader.number16(), let questions = reader.number16(),
            let answers = reader.number16(), let authorities = reader.number16(), let additions = reader.number16(),
            flags & 0x8000 == 0
        else { return .ignored }
        let opcode = UInt8(flags >> 11 & 15)
        let malformed = Reading.malformed(id: id, opcode: opcode)
        // Other kinds of messages are not read any further.
        guard opcode == 0 else { return malformed }
        guard questions == 1, answers == 0, authorities == 0, additions <= 4, let spelling = reader.name(),
            let type = reader.number16(), let classCode = reader.number16()
        else { return malformed }
        var query = DNSQuery(
            id: id, opcode: opcode, recursionIsDesired: flags & 0x100 != 0,
            name: DomainName(wire: spelling.map(\.lowercased)), spelling: spelling,
            type: RecordType(rawValue: type), classCode: classCode, extensions: nil)
        for _ in 0..<additions {
            guard reader.readAddition(into: &query) else { return malformed }
        }
        return .query(query)
    }
}

/// Reads a message from its front; every read may find the end.
private struct DNSReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func number8() -> UInt8? { rest.popFirst() }

    mutating func number16() -> UInt16? {
        guard rest.count >= 2 else { return nil }
        defer { rest = rest.dropFirst(2) }
        return UInt16(rest[rest.startIndex]) << 8 | UInt16(rest[rest.startIndex + 1])
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// A name without pointers: in a question there is nothing yet that one could point at.
    mutating func name() -> [UInt8]? {
        var wire: [UInt8] = []
        while let length = number8() {
            wire.append(length)
            guard wire.count + Int(length) <= DomainName.maximumBytes else { return nil }
            if length == 0 { return wire }
            guard length <= DomainName.maximumLabelBytes, let label = take(Int(length)) else { return nil }
            wire += label
        }
        return nil
    }

    /// A record behind the question; only EDNS is heeded.
    mutating func readAddition(into query: inout DNSQuery) -> Bool {
        guard let owner = name(), let type = number16(), let payload = number16(), let extended = number16(),
            let flags = number16(), let length = number16(), let data = take(Int(length))
        else { return false }
        guard type == RecordType.opt.rawValue else { return true }
        // One at most, and of the root (RFC 6891, 6.1.1).
        guard query.extensions == nil, owner == [0] else { return false }
        var extensions = DNSQuery.Extensions(
            payloadBytes: max(512, Int(payload)), version: UInt8(extended & 0xFF), wantsDNSSEC: flags & 0x8000 != 0)
        var options = DNSReader(data)
        while let code = options.number16() {
            guard let length = options.number16(), let value = options.take(Int(length)) else { return false }
            guard code == 8 else { continue }
            guard let subnet = DNSReader.subnet(value) else { return false }
            extensions.subnet = subnet
        }
        guard options.rest.isEmpty else { return false }
        query.extensions = extensions
        return true
    }

    /// RFC 7871, 6: family, two lengths of prefixes, and no more bytes than the first needs, zeros behind it.
    private static func subnet(_ value: ArraySlice<UInt8>) -> DNSQuery.ClientSubnet? {
        var reader = DNSReader(value)
        guard let family = reader.number16(), let bits = reader.number8(), let scope = reader.number8(), scope == 0,
            family == 1 && bits <= 32 || family == 2 && bits <= 128,
            reader.rest.count == (Int(bits) + 7) / 8
        else { return nil }
        let address = Array(reader.rest)
        if bits % 8 != 0, let last = address.last, last << (bits % 8) != 0 { return nil }
        return DNSQuery.ClientSubnet(family: family, prefixBits: bits, address: address)
    }
}
