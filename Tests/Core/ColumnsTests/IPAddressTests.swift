import Columns
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"),
        ("2001:db8::1", "2001:db8::1"), ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"), ("fe80::", "fe80::"),
        ("::ffff:1.2.3.4", "1.2.3.4"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("a:0:b:0:c:0:d:0", "a:0:b:0:c:0:d:0"),
    ])
    func readsAndWrites(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", ":", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", ":::", "1::2::3", "12345::", "1:2:3",
        "1:2:3:4:5:6:7:8:9", "g::", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "::1%eth0", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.",
        "::1.2.3", "1:2:3:4:5:6:7:8::",
    ])
    func refuses(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func randomAddressesComeBack() {
        var generator = Generator(seed: 3)
        for _ in 0..<500 {
            let sparse = generator.next() & generator.next() & generator.next() & generator.next()
            let address = IPAddress(high: sparse, low: generator.next() & 0xffff_0000_0000_ffff)
            #expect(IPAddress(address.description) == address)
        }
    }
}
