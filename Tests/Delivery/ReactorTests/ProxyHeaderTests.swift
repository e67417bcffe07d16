import Testing

@testable import Reactor

@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    private func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        ProxyHeaderTests.signature + [command, family, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\n", "192.0.2.7:5000"),
        ("PROXY TCP6 2001:db8::7 ::1 5000 80\r\n", "[2001:db8::7]:5000"),
        ("PROXY UNKNOWN\r\n", "nobody"), ("PROXY UNKNOWN ffff::1 x y z\r\n", "nobody"),
    ])
    func lines(text: String, client: String) {
        let bytes = Array(text.utf8)
        let expected = ProxyHeader.complete(
            source: client == "nobody" ? nil : address(client), length: bytes.count)
        #expect(ProxyHeader.parse(bytes + Array("GET /".utf8)) == expected)
        for count in 0..<bytes.count { #expect(ProxyHeader.parse(Array(bytes[..<count])) == .incomplete) }
    }

    @Test(arguments: [
        ("192.0.2.7", "10.0.0.1"), ("2001:db8::7", "::1"), ("192.0.2.7", "2001:db8::1"), ("fe80::1", "10.0.0.1"),
    ])
    func whatIsWrittenReadsBack(source: String, destination: String) throws {
        let addresses = ProxyHeader.Addresses(
            source: try #require(SocketAddress(numeric: source, port: 65_535)),
            destination: try #require(SocketAddress(numeric: destination, port: 80)))
        for version in [ProxyHeader.Version.v1, .v2] {
            let bytes = ProxyHeader.bytes(version, addresses)
            #expect(ProxyHeader.parse(bytes) == .complete(source: addresses.source, length: bytes.count))
            let nobody = ProxyHeader.bytes(version, nil)
            #expect(ProxyHeader.parse(nobody) == .complete(source: nil, length: nobody.count))
        }
    }

    @Test func theLine() throws {
        let addresses = ProxyHeader.Addresses(
            source: .ipv4(192, 0, 2, 7, port: 5), destination: .ipv4(10, 0, 0, 1, port: 80))
        #expect(ProxyHeader.bytes(.v1, addresses) == Array("PROXY TCP4 192.0.2.7 10.0.0.1 5 80\r\n".utf8))
    }

    private func address(_ text: String) -> SocketAddress? {
        let colon = text.lastIndex(of: ":") ?? text.endIndex
        return SocketAddress(numeric: String(text[..<colon]), port: 5000)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY TCP4 192.0.2.7 10.0.0.1 5000\r\n", "PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\n",
        "PROXY TCP4 ::1 ::1 5000 80\r\n", "PROXY TCP6 192.0.2.7 10.0.0.1 5000 80\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 65536 80\r\n", "PROXY TCP4 192.0.2.7 10.0.0.1 05000 80\r\n",
        "PROXY TCP4  192.0.2.7 10.0.0.1 5000 80\r\n", "PROXY UDP4 192.0.2.7 10.0.0.1 5000 80\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n", "PROXX", "\r\n\r\nX", "PROXY \r\n",
        "PROXY TCP6 unix:/a unix:/b 1 2\r\n",
    ])
    func notLines(text: String) {
        guard case .invalid = ProxyHeader.parse(Array(text.utf8)) else {
            Issue.record("\(text) is taken for a header")
            return
        }
    }

    @Test func aLineWithoutEndIsGivenUp() {
        let text = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x78, count: 200)
        #expect(ProxyHeader.parse(text) == .invalid("PROXY line without an end"))
    }

    @Test func binaryHeaders() {
        let four = binary(0x21, 0x11, [192, 0, 2, 7, 10, 0, 0, 1, 0x13, 0x88, 0, 80])
        #expect(ProxyHeader.parse(four) == .complete(source: .ipv4(192, 0, 2, 7, port: 5000), length: 28))
        let six = binary(0x21, 0x21, [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 28) + [0x13, 0x88, 0, 80])
        #expect(
            ProxyHeader.parse(six)
                == .complete(source: SocketAddress(numeric: "2001:db8::", port: 5000), length: 52))
        // What vendors add is skipped.
        let more = binary(0x21, 0x11, [192, 0, 2, 7, 10, 0, 0, 1, 0x13, 0x88, 0, 80, 3, 0, 1, 9])
        #expect(ProxyHeader.parse(more + [0x47]) == .complete(source: .ipv4(192, 0, 2, 7, port: 5000), length: 32))
        #expect(ProxyHeader.parse(binary(0x20, 0, [])) == .complete(source: nil, length: 16))
        #expect(ProxyHeader.parse(binary(0x21, 0, [])) == .complete(source: nil, length: 16))
        for count in 0..<four.count { #expect(ProxyHeader.parse(Array(four[..<count])) == .incomplete) }
    }

    @Test func badBinaryHeaders() {
        for bytes in [
            binary(0x11, 0x11, []), binary(0x22, 0x11, []), binary(0x21, 0x11, [1, 2, 3]),
            binary(0x21, 0x21, [UInt8](repeating: 0, count: 12)), binary(0x21, 0x41, []),
            ProxyHeaderTests.signature + [0x21, 0x11, 0xff, 0xff],
        ] {
            guard case .invalid = ProxyHeader.parse(bytes) else {
                Issue.record("\(bytes) is taken for a header")
                continue
            }
        }
    }
}
