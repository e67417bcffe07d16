import Testing

@testable import NameServer

/// Questions and answers, byte for byte where it matters.
struct ResponderTests {
    private func name(_ text: String) throws -> DomainName { try #require(DomainName(text)) }

    private func zone() throws -> Zone {
        let origin = try name("example.org.")
        var zone = try Zone(
            name: origin, nameServers: [name("ns1.example.org.")], mailbox: name("hostmaster.example.org."), serial: 7,
            timeToLiveSeconds: 300, negativeSeconds: 60)
        func add(_ owner: String, _ type: String, _ value: String) throws {
            let owner = try #require(DomainName(owner, in: origin))
            try zone.add(owner, ResourceRecord(type: type, value: value, timeToLiveSeconds: 300, origin: origin))
        }
        try add("ns1", "A", "192.0.2.53")
        try add("@", "MX", "10 mail")
        try add("mail", "A", "192.0.2.25")
        try add("mail", "AAAA", "2001:db8::25")
        try add("alias", "CNAME", "mail")
        try add("away", "CNAME", "www.example.net.")
        try add("a.b.deep", "TXT", "hello")
        try add("*.wild", "A", "192.0.2.99")
        try add("child", "NS", "ns.child")
        try add("child", "NS", "ns.example.net.")
        try add("ns.child", "A", "192.0.2.77")
        try add("to-child", "CNAME", "www.child")
        try add("big", "TXT", String(repeating: "x", count: 3000))
        try add("@", "CAA", "0 issue \"ca.example.net\"")
        var pool = AddressPool()
        for (index, place) in ["DE", "FR", ""].enumerated() {
            var endpoint = AddressPool.Endpoint(address: try #require(NumericAddress("198.51.100.\(index + 1)")))
            if !place.isEmpty { endpoint.countries = [place] }
            pool.endpoints.append(endpoint)
        }
        try zone.add(#require(DomainName("www", in: origin)), pool)
        return zone
    }

    private func question(
        _ text: String, _ type: RecordType, classCode: UInt16 = 1, extensions: [UInt8] = [], flags: UInt16 = 0x100
    ) throws -> [UInt8] {
        var bytes: [UInt8] = [0xAB, 0xCD, UInt8(flags >> 8), UInt8(flags & 0xFF), 0, 1, 0, 0, 0, 0, 0]
        bytes.append(extensions.isEmpty ? 0 : 1)
        bytes += try name(text).wire
        bytes += [
            UInt8(type.rawValue >> 8), UInt8(type.rawValue & 0xFF), UInt8(classCode >> 8), UInt8(classCode & 0xFF),
        ]
        return bytes + extensions
    }

    /// EDNS with a payload size and options.
    private func extensions(_ payload: UInt16 = 1232, version: UInt8 = 0, options: [UInt8] = []) -> [UInt8] {
        [0, 0, 41, UInt8(payload >> 8), UInt8(payload & 0xFF), 0, version, 0, 0, 0, UInt8(options.count)] + options
    }

    private struct Reply {
        var bytes: [UInt8]
        var code: Int { Int(bytes[3] & 15) }
        var isTruncated: Bool { bytes[2] & 2 != 0 }
        var isAuthoritative: Bool { bytes[2] & 4 != 0 }
        var answers: Int { Int(bytes[6]) << 8 | Int(bytes[7]) }
        var authorities: Int { Int(bytes[9]) }
        var additions: Int { Int(bytes[11]) }
        func contains(_ part: [UInt8]) -> Bool {
            bytes.indices.contains { bytes[$0...].starts(with: part) }
        }
    }

    private func ask(
        _ bytes: [UInt8], over transport: Responder.Transport = .datagram, unwell: Set<Int> = [],
        place: AskerPlace? = nil
    ) throws -> Reply? {
        var responder = try Responder([zone()])
        let world = Responder.Surroundings(place: { _, _ in place }, isWell: { !unwell.contains($1) })
        return responder.answer(bytes[...], over: transport, high: 0, low: 0xFFFF_0000_0000, world).map {
            Reply(bytes: $0)
        }
    }

    @Test func anAddressIsAnsweredWithItsOwnerShortened() throws {
        let reply = try #require(try ask(question("mail.example.org.", .a)))
        #expect(reply.code == 0 && reply.isAuthoritative && reply.answers == 1)
        #expect(reply.bytes.prefix(2).elementsEqual([0xAB, 0xCD]))
        #expect(reply.bytes.suffix(16).elementsEqual([0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 25]))
    }

    @Test func theSpellingComesBack() throws {
        var bytes = try question("mail.example.org.", .a)
        bytes[13] = UInt8(ascii: "M")
        let reply = try #require(try ask(bytes))
        #expect(reply.answers == 1 && reply.bytes[13] == UInt8(ascii: "M"))
    }

    @Test func whatIsNotThereIsSaidSo() throws {
        let missing = try #require(try ask(question("nothing.example.org.", .a)))
        #expect(missing.code == 3 && missing.answers == 0 && missing.authorities == 1)
        let otherType = try #require(try ask(question("ns1.example.org.", .aaaa)))
        #expect(otherType.code == 0 && otherType.answers == 0 && otherType.authorities == 1)
        // RFC 8020: others are below it, so it is there.
        let between = try #require(try ask(question("b.deep.example.org.", .a)))
        #expect(between.code == 0 && between.answers == 0 && between.authorities == 1)
    }

    @Test func aliasesAreFollowedWithinTheZone() throws {
        #expect(try ask(question("alias.example.org.", .a))?.answers == 2)
        #expect(try ask(question("alias.example.org.", .cname))?.answers == 1)
        #expect(try ask(question("away.example.org.", .a))?.answers == 1)
    }

    @Test func aWildcardStandsForWhatHasNoRecord() throws {
        #expect(try ask(question("x.wild.example.org.", .a))?.answers == 1)
        #expect(try ask(question("x.y.wild.example.org.", .a))?.answers == 1)
        #expect(try ask(question("wild.example.org.", .a))?.answers == 0)
    }

    @Test func whatOthersAnswerForIsReferredToThem() throws {
        for (owner, type) in [("x.child", RecordType.a), ("child", .ns), ("a.b.child", .txt), ("ns.child", .a)] {
            let reply = try #require(try ask(question("\(owner).example.org.", type)))
            #expect(reply.code == 0 && !reply.isAuthoritative && reply.answers == 0, "\(owner)")
            #expect(reply.authorities == 2 && reply.additions == 1 && reply.contains([192, 0, 2, 77]), "\(owner)")
        }
        let alias = try #require(try ask(question("to-child.example.org.", .a)))
        #expect(alias.isAuthoritative && alias.answers == 1 && alias.authorities == 2)
        // Ours to say, and there is none: a SOA.
        let signer = try #require(try ask(question("child.example.org.", .delegationSigner)))
        #expect(signer.isAuthoritative && signer.answers == 0 && signer.authorities == 1)
        #expect(try ask(question("example.org.", .ns))?.isAuthoritative == true)
    }

    @Test func whatRecordsNameIsAdded() throws {
        let reply = try #require(try ask(question("example.org.", .mx)))
        #expect(reply.answers == 1 && reply.additions == 2)
        #expect(reply.contains([192, 0, 2, 25]))
    }

    @Test func whatIsLargeIsForTheStream() throws {
        let short = try #require(try ask(question("big.example.org.", .txt)))
        #expect(short.isTruncated && short.answers == 0 && short.bytes.count < 512)
        let larger = try #require(try ask(question("big.example.org.", .txt, extensions: extensions(4096))))
        #expect(larger.isTruncated && larger.additions == 1)
        let whole = try #require(try ask(question("big.example.org.", .txt), over: .stream))
        #expect(!whole.isTruncated && whole.answers == 1 && whole.bytes.count > 3000)
    }

    @Test func whatIsNotOursIsRefused() throws {
        #expect(try ask(question("example.net.", .a))?.code == 5)
        #expect(try ask(question("example.org.", .a, classCode: 3))?.code == 5)
        #expect(try ask(question("example.org.", RecordType(rawValue: 252)), over: .stream)?.code == 5)
        #expect(try ask(question("example.org.", .any))?.contains(Array("RFC8482".utf8)) == true)
    }

    @Test func versionsAndOperationsThatAreUnknown() throws {
        let version = try #require(try ask(question("mail.example.org.", .a, extensions: extensions(version: 1))))
        // BADVERS is 16: its upper bits stand in EDNS.
        #expect(version.code == 0 && version.answers == 0 && version.contains([0, 0, 41, 4, 208, 1, 0]))
        #expect(try ask(question("mail.example.org.", .a, flags: 0x2000))?.code == 4)
        #expect(try ask(question("mail.example.org.", .a, flags: 0x8000)) == nil)
    }

    @Test func poolsHeedPlaceAndHealth() throws {
        let www = try question("www.example.org.", .a)
        let german = AskerPlace(country: "DE", continent: "EU")
        #expect(try ask(www, place: german)?.contains([0, 4, 198, 51, 100, 1]) == true)
        #expect(try ask(www, place: german)?.answers == 1)
        #expect(try ask(www, unwell: [0], place: german)?.contains([0, 4, 198, 51, 100, 3]) == true)
        #expect(try ask(www)?.contains([0, 4, 198, 51, 100, 3]) == true)
        #expect(try ask(www, unwell: [0, 1, 2])?.answers == 1)
        #expect(try ask(question("www.example.org.", .aaaa))?.answers == 0)
    }

    @Test func theSubnetDecidesAndComesBackWithItsScope() throws {
        var responder = try Responder([zone()])
        var asked: [UInt64] = []
        let world = Responder.Surroundings(
            place: { _, low in
                asked.append(low)
                return AskerPlace(country: "FR", continent: "EU")
            }, isWell: { _, _ in true })
        let option: [UInt8] = [0, 8, 0, 7, 0, 1, 24, 0, 203, 0, 113]
        let bytes = try question("www.example.org.", .a, extensions: extensions(options: option))
        let answer = responder.answer(bytes[...], over: .datagram, high: 0, low: 0xFFFF_7F00_0001, world)
        let reply = try #require(answer)
        #expect(asked == [0xFFFF_CB00_7100])
        #expect(Reply(bytes: reply).contains([0, 8, 0, 7, 0, 1, 24, 24, 203, 0, 113]))
        for damaged in [
            [0, 8, 0, 7, 0, 1, 24, 1, 203, 0, 113], [0, 8, 0, 7, 0, 1, 33, 0, 203, 0, 113], [0, 8, 0, 9],
        ] {
            let bytes = try question("www.example.org.", .a, extensions: extensions(options: damaged.map { UInt8($0) }))
            #expect(try ask(bytes)?.code == 1)
        }
    }

    @Test func roundRobinTurnsAndWeightsAreKept() throws {
        var pool = AddressPool()
        for index in 0..<3 {
            var endpoint = AddressPool.Endpoint(address: try #require(NumericAddress("192.0.2.\(index)")))
            endpoint.weight = [1, 3, 0][index]
            pool.endpoints.append(endpoint)
        }
        var random = Steps()
        var firsts: [Int] = []
        for turn in 0..<4 {
            firsts.append(pool.chosen(isIPv4: true, from: nil, isWell: { _ in true }, turn: turn, random: &random)[0])
        }
        #expect(firsts == [0, 1, 0, 1])
        pool.policy = .weighted
        pool.answers = 1
        var counts = [0, 0, 0]
        for turn in 0..<4000 {
            counts[pool.chosen(isIPv4: true, from: nil, isWell: { _ in true }, turn: turn, random: &random)[0]] += 1
        }
        #expect(counts[2] == 0 && abs(counts[1] - 3 * counts[0]) < 400)
        let onlyThird = pool.chosen(isIPv4: true, from: nil, isWell: { $0 == 2 }, turn: 0, random: &random)
        #expect(onlyThird == [2])
    }

    @Test func everyCutAndEveryDamagedByteIsSurvived() throws {
        let option: [UInt8] = [0, 8, 0, 7, 0, 1, 24, 0, 203, 0, 113]
        let bytes = try question("www.example.org.", .a, extensions: extensions(options: option))
        for end in bytes.indices { _ = try ask(Array(bytes[..<end])) }
        for index in bytes.indices {
            for value in [0, 0x3F, 0x40, 0xC0, 0xFF] as [UInt8] {
                var damaged = bytes
                damaged[index] = value
                _ = try ask(damaged)
            }
        }
    }

    @Test func oneNetworkIsNotFlooded() {
        var rate = AnswerRate(perSecond: 10, networks: 1024, salt: 12345)
        var verdicts: [AnswerRate.Verdict] = []
        for _ in 0..<20 { verdicts.append(rate.verdict(high: 0, low: 0xFFFF_C000_0201, now: 1_000_000_000_000)) }
        #expect(verdicts.prefix(10).allSatisfy { $0 == .answer })
        #expect(verdicts.dropFirst(10).filter { $0 == .truncate }.count == 5)
        #expect(rate.verdict(high: 0, low: 0xFFFF_C000_02FE, now: 1_000_000_000_001) != .answer)
        #expect(rate.verdict(high: 0, low: 0xFFFF_C000_0201, now: 1_001_000_000_000) == .answer)
        #expect(rate.limited == 11)
    }
}

/// The same numbers each time.
private struct Steps: RandomNumberGenerator {
    private var state: UInt64 = 88_172_645_463_325_252

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
