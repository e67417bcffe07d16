/// Writes an answer (RFC 1035, 4), names shortened by pointers (4.1.4).
struct DNSWriter {
    enum Section: Int {
        case answer = 6
        case authority = 8
        case additional = 10
    }

    private(set) var bytes: [UInt8]
    /// Where each name that was written, or end of a name, begins.
    private var places: [ArraySlice<UInt8>: Int] = [:]

    /// The head; counts follow as records are written.
    init(id: UInt16, opcode: UInt8, code: ResponseCode, isAuthoritative: Bool, recursionIsDesired: Bool) {
        bytes = []
        bytes.reserveCapacity(512)
        append(id)
        let flags =
            0x8000 | UInt16(opcode) << 11 | (isAuthoritative ? 0x400 : 0) | (recursionIsDesired ? 0x100 : 0)
            | code.rawValue & 15
        append(flags)
        for _ in 0..<4 { append(UInt16(0)) }
    }

    mutating func append(_ number: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: number >> 8))
        bytes.append(UInt8(truncatingIfNeeded: number))
    }

    mutating func append(_ number: UInt32) {
        append(UInt16(truncatingIfNeeded: number >> 16))
        append(UInt16(truncatingIfNeeded: number))
    }

    mutating func question(_ query: DNSQuery) {
        remember(query.name.wire)
        bytes += query.spelling
        append(query.type.rawValue)
        append(query.classCode)
        count(at: 4)
    }

    mutating func record(_ owner: DomainName, _ record: ResourceRecord, in section: Section) {
        name(owner)
        append(record.type.rawValue)
        append(UInt16(1))
        append(record.timeToLiveSeconds)
        let start = bytes.count
        append(UInt16(0))
        switch record.data {
        case .bytes(let data): bytes += data
        case .name(let prefix, let target):
            bytes += prefix
            // Of later types than RFC 1035's, names in data are not shortened (RFC 3597, 4).
            if record.type == .srv { bytes += target.wire } else { name(target) }
        case .authority(let authority):
            name(authority.primary)
            name(authority.mailbox)
            for number in authority.numbers { append(number) }
        }
        let length = bytes.count - start - 2
        bytes[start] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[start + 1] = UInt8(truncatingIfNeeded: length)
        count(at: section.rawValue)
    }

    /// EDNS of the answer. Written last.
    mutating func extensions(
        code: ResponseCode, payloadBytes: Int, wantsDNSSEC: Bool, subnet: (DNSQuery.ClientSubnet, scope: UInt8)?
    ) {
        bytes.append(0)
        append(RecordType.opt.rawValue)
        append(UInt16(clamping: payloadBytes))
        append(UInt32(code.rawValue >> 4) << 24 | (wantsDNSSEC ? 0x8000 : 0))
        if let (subnet, scope) = subnet {
            append(UInt16(8 + subnet.address.count))
            append(UInt16(8))
            append(UInt16(4 + subnet.address.count))
            append(subnet.family)
            bytes += [subnet.prefixBits, scope] + subnet.address
        } else {
            append(UInt16(0))
        }
        count(at: Section.additional.rawValue)
    }

    mutating func setTruncated() { bytes[2] |= 2 }

    private mutating func count(at place: Int) {
        let next = (UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])) &+ 1
        bytes[place] = UInt8(truncatingIfNeeded: next >> 8)
        bytes[place + 1] = UInt8(truncatingIfNeeded: next)
    }

    private mutating func name(_ name: DomainName) {
        var rest = name.wire[...]
        while rest.count > 1 {
            if let place = places[rest] {
                append(0xC000 | UInt16(place))
                return
            }
            if bytes.count < 0x4000 { places[rest] = bytes.count }
            let end = rest.startIndex + 1 + Int(rest[rest.startIndex])
            bytes += rest[..<end]
            rest = rest[end...]
        }
        bytes.append(0)
    }

    /// The question's name will be written next.
    private mutating func remember(_ wire: [UInt8]) {
        var rest = wire[...]
        while rest.count > 1 {
            places[rest] = bytes.count + rest.startIndex
            rest = rest[(rest.startIndex + 1 + Int(rest[rest.startIndex]))...]
        }
    }
}
