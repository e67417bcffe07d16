// modules: NameServer
@testable import NameServer

/// Any datagram is silence or an answer to it: with its id, marked as an answer, no longer than the asker takes and than is
/// allowed, with its own question in front and nothing but its records behind; over TCP at least as much. A question that was
/// read is read again from what is written of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var responder = Surroundings.responder
    let datagram = responder.answer(bytes[...], over: .datagram, high: 0, low: 0xFFFF_C000_0207, Surroundings.world)
    let stream = responder.answer(bytes[...], over: .stream, high: 0, low: 0xFFFF_C000_0207, Surroundings.world)
    precondition((datagram == nil) == (stream == nil), "one of two is silent")
    let reading = DNSQuery.read(bytes[...])
    guard let datagram, let stream else {
        precondition(reading == .ignored, "a question is not answered")
        return 0
    }
    for reply in [datagram, stream] {
        precondition(reply.count >= DNSQuery.headBytes && reply[0] == bytes[0] && reply[1] == bytes[1], "another id")
        precondition(reply[2] & 0x80 != 0, "not marked as an answer")
        precondition(DNSQuery.read(reply[...]) == .ignored, "two servers would answer each other for ever")
    }
    precondition(datagram.count <= 1232 && stream.count <= 65_535, "too long")
    precondition(datagram.count <= stream.count || datagram[2] & 2 == 0, "cut and longer")
    guard case .query(let query) = reading else { return 0 }
    precondition(datagram.count <= max(512, query.extensions?.payloadBytes ?? 512), "longer than the asker takes")
    let question = bytes[12..<12 + query.spelling.count + 4]
    precondition(stream[5] == 1 && stream[12...].starts(with: question), "not the question that was asked")
    precondition(query.name.description.utf8.count >= 1)
    if let truncated = responder.truncated(bytes[...]) {
        precondition(truncated[2] & 2 != 0 && truncated.count == 12 + question.count, "a refusal that helps to flood")
    }
    if let again = DomainName(query.name.description) {
        precondition(again == query.name, "a name that is written and read is another")
    } else {
        preconditionFailure("a name can't be read again: \(query.name)")
    }
    return 0
}

private enum Surroundings {
    static var world: Responder.Surroundings { .init(place: { _, _ in nil }, isWell: { _, endpoint in endpoint != 1 }) }

    static let responder = makeResponder()

    private static func makeResponder() -> Responder {
        do {
            let origin = DomainName("example.org.")!
            var zone = try Zone(
                name: origin, nameServers: [DomainName("ns1.example.org.")!], mailbox: DomainName("h.example.org.")!,
                serial: 7, timeToLiveSeconds: 300, negativeSeconds: 60)
            for (owner, type, value) in [
                ("ns1", "A", "192.0.2.53"), ("@", "MX", "10 mail"), ("mail", "AAAA", "2001:db8::25"), ("a", "CNAME", "b"),
                ("b", "CNAME", "a"), ("away", "CNAME", "www.example.net."), ("*.w", "A", "192.0.2.99"),
                ("x.y.deep", "TXT", "hello"), ("big", "TXT", String(repeating: "x", count: 3000)),
                ("@", "CAA", "0 issue \"ca.example.net\""),
            ] {
                try zone.add(
                    DomainName(owner, in: origin)!,
                    ResourceRecord(type: type, value: value, timeToLiveSeconds: 300, origin: origin))
            }
            var pool = AddressPool()
            for last in 1...3 { pool.endpoints.append(.init(address: NumericAddress("198.51.100.\(last)")!)) }
            try zone.add(DomainName("www", in: origin)!, pool)
            return try Responder([zone])
        } catch {
            fatalError("\(error)")
        }
    }
}
