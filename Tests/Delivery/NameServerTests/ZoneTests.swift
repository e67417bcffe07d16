import Testing

@testable import NameServer

struct ZoneTests {
    private let origin = DomainName("example.org.")

    @Test(arguments: [
        ("www", "www.example.org."), ("@", "example.org."), ("www.example.net.", "www.example.net."),
        ("A\\.b", "a\\.b.example.org."), ("\\065x", "ax.example.org."), ("*", "*.example.org."), (".", "."),
    ])
    func names(text: String, expected: String) throws {
        #expect(DomainName(text, in: origin)?.description == expected)
    }

    @Test(arguments: ["", "a..b", "a b", "\\25", "\\999", "ü", String(repeating: "x", count: 64), ".a"])
    func notNames(text: String) { #expect(DomainName(text, in: origin) == nil) }

    @Test func aNameIsAtMost255BytesLong() {
        let long = Array(repeating: String(repeating: "x", count: 49), count: 5).joined(separator: ".")
        #expect(DomainName(long + ".") != nil)
        #expect(DomainName(long + ".abcdef.") == nil)
    }

    @Test(arguments: [
        ("A", "2001:db8::1"), ("AAAA", "192.0.2.1"), ("A", "x"), ("MX", "mail"), ("MX", "70000 mail"), ("SRV", "1 2 x"),
        ("CAA", "issue x"), ("TYPE65", "x"), ("CNAME", "a..b"),
    ])
    func valuesThatAreRefused(type: String, value: String) throws {
        let origin = try #require(origin)
        #expect(throws: ZoneError.self) {
            try ResourceRecord(type: type, value: value, timeToLiveSeconds: 1, origin: origin)
        }
    }

    @Test func contradictionsAreRefused() throws {
        let origin = try #require(origin)
        var zone = try Zone(
            name: origin, nameServers: [origin], mailbox: origin, serial: 1, timeToLiveSeconds: 1, negativeSeconds: 1)
        func record(_ type: String, _ value: String) throws -> ResourceRecord {
            try ResourceRecord(type: type, value: value, timeToLiveSeconds: 1, origin: origin)
        }
        let www = try #require(DomainName("www", in: origin))
        try zone.add(www, record("CNAME", "x"))
        #expect(throws: ZoneError.self) { try zone.add(www, record("A", "192.0.2.1")) }
        #expect(throws: ZoneError.self) { try zone.add(origin, record("CNAME", "x")) }
        #expect(throws: ZoneError.self) { try zone.add(www, AddressPool()) }
        let outside = try #require(DomainName("example.net."))
        #expect(throws: ZoneError.self) { try zone.add(outside, record("A", "192.0.2.1")) }
        #expect(throws: ZoneError.self) { try Responder([zone, zone]) }
    }
}
