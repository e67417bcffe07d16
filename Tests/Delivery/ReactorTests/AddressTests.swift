import Reactor
import Synchronization
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("[2001:db8::5]", "[2001:db8::5]:80"),
    ])
    func numericAddressesPrintAsTheyParse(text: String, printed: String) {
        #expect(SocketAddress(numeric: text, port: 80)?.description == printed)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "[::1", "::g"])
    func namesAndGarbageAreNotNumeric(text: String) {
        #expect(SocketAddress(numeric: text, port: 80) == nil)
    }

    @Test func loopbackIsRecognised() {
        #expect(SocketAddress.loopback(port: 1).isLoopback)
        #expect(SocketAddress(numeric: "::1", port: 1)?.isLoopback == true)
        #expect(SocketAddress(numeric: "128.0.0.1", port: 1)?.isLoopback == false)
    }

    @Test func theResolverAnswersNumericHostsAndRemembersNames() throws {
        let loop = try EventLoop(name: "resolve")
        loop.start()
        let resolver = Resolver()
        #expect(resolver.cached("127.0.0.1", port: 5)?.first == .loopback(port: 5))
        let found = Mutex<[SocketAddress]?>(nil)
        resolver.resolve("localhost", port: 7, on: loop) { addresses in found.withLock { $0 = addresses } }
        #expect(eventually { found.withLock { $0 != nil } })
        #expect(found.withLock { $0 ?? [] }.allSatisfy { $0.isLoopback && $0.port == 7 })
        #expect(resolver.cached("localhost", port: 9) != nil)
        loop.stop()
    }
}
