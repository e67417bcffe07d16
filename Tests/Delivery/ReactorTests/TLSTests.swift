import Synchronization
import Testing

@testable import Reactor

@Suite struct TLSTests {
    let files = TestCertificates()

    private func settings(_ names: [String] = ["edge"]) -> TLSServerSettings {
        var settings = TLSServerSettings()
        settings.certificates = names.map {
            TLSServerSettings.Certificate(chainFile: files.path("\($0).pem"), keyFile: files.path("\($0).key"))
        }
        return settings
    }

    private func client(
        _ name: String = "edge.test", _ change: (inout TLSClientSettings) -> Void = { _ in }
    ) throws -> TLSClient {
        var settings = TLSClientSettings(serverName: name)
        settings.authoritiesFile = files.path("ca.pem")
        change(&settings)
        return try TLSClient(settings)
    }

    /// The facts of the server's side once a handshake is done.
    private func facts(_ server: Server, _ client: TLSClient) -> TLSFacts? {
        let index = server.accepted.withLock { $0.count }
        let peer = server.connect(tls: client)
        guard peer.wait({ $0.isConnected || $0.closed != nil }) else { return nil }
        guard eventually({ server.accepted.withLock { $0.count } > index }) else { return nil }
        let recorder = server.accepted.withLock { $0[index] }
        _ = recorder.wait { $0.facts != nil || $0.closed != nil }
        return recorder.seen.withLock { $0.facts }
    }

    private func failure(_ server: Server, _ client: TLSClient) -> String? {
        let peer = server.connect(tls: client)
        guard peer.wait({ $0.isConnected || $0.closed != nil }) else { return nil }
        // With TLS 1.3 a client is through before the server has judged its certificate.
        guard peer.wait({ $0.closed != nil }) else { return nil }
        if case .tlsFailed(let words) = peer.seen.withLock({ $0.closed }) { return words }
        return nil
    }

    @Test func bytesGoThroughBothWays() throws {
        let server = try Server(tls: TLSServer(settings())) { recorder in
            recorder.onBytes = { recorder, bytes in recorder.connection?.send(bytes.span) }
        }
        let payload = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let peer = server.connect(tls: try client())
        #expect(peer.wait { $0.isConnected })
        on(server.loop) { peer.connection?.send(shared: payload, 0..<payload.count) }
        #expect(peer.wait { $0.bytes.count == payload.count })
        #expect(peer.seen.withLock { $0.bytes } == payload)
        on(server.loop) { peer.connection?.closeAfterFlush(linger: false) }
        let accepted = server.accepted.withLock { $0[0] }
        #expect(accepted.wait { $0.sawEnd })
    }

    @Test func aPausedReaderGetsTheRestLater() throws {
        let server = try Server(tls: TLSServer(settings())) { recorder in
            recorder.onBytes = { recorder, _ in recorder.connection?.pauseReading() }
        }
        let payload = [UInt8](repeating: 7, count: 200_000)
        let peer = server.connect(tls: try client())
        #expect(peer.wait { $0.isConnected })
        on(server.loop) { peer.connection?.send(payload.span) }
        let accepted = server.accepted.withLock { $0[0] }
        var taken = 0
        while taken < payload.count {
            let before = taken
            #expect(accepted.wait { $0.bytes.count > before })
            taken = accepted.seen.withLock { $0.bytes.count }
            // One record at a time: a pause holds back what has arrived already.
            #expect(taken - before <= 16 * 1024)
            on(server.loop) { accepted.connection?.resumeReading() }
        }
        #expect(accepted.seen.withLock { $0.bytes } == payload)
    }

    @Test func aSlowReaderBoundsWhatIsSealed() throws {
        let server = try Server(tls: TLSServer(settings()))
        let peer = server.connect(tls: try client()) { recorder in
            recorder.onBytes = { recorder, _ in recorder.connection?.pauseReading() }
        }
        #expect(peer.wait { $0.isConnected })
        let accepted = server.accepted.withLock { $0[0] }
        #expect(accepted.wait { $0.facts != nil })
        let payload = [UInt8](repeating: 9, count: 32 << 20)
        let sealed = on(server.loop) { () -> (Bool, Int) in
            accepted.connection?.send(shared: payload, 0..<payload.count)
            accepted.connection?.flush()
            return (accepted.connection?.isCongested ?? false, accepted.connection?.tls?.sealedCount ?? .max)
        }
        #expect(sealed.0)
        #expect(sealed.1 <= TCPConnection.sealedBytes + 32 * 1024)
        on(server.loop) {
            peer.onBytes = nil
            peer.connection?.resumeReading()
        }
        #expect(peer.wait { $0.bytes.count == payload.count })
    }

    @Test func theNameChoosesTheCertificate() throws {
        let server = try Server(tls: TLSServer(settings(["edge", "wild"])))
        #expect(facts(server, try client("edge.test"))?.serverName == "edge.test")
        #expect(facts(server, try client("a.wild.test"))?.serverName == "a.wild.test")
        // A wildcard stands for one label.
        #expect(failure(server, try client("a.b.wild.test"))?.contains("hostname mismatch") == true)
        #expect(failure(server, try client("wild.test"))?.contains("hostname mismatch") == true)
        #expect(facts(server, try client("127.0.0.1"))?.serverName == nil)
    }

    /// OpenSSL would check nothing for want of a name.
    @Test func aNameIsNeededForTheCheck() throws {
        #expect(throws: TLSError.self) { try client("") }
        #expect(throws: TLSError.self) { try client("edge.test\0.other") }
        _ = try client("") { $0.verifies = false }
    }

    @Test func anUnknownNameCanBeRefused() throws {
        var settings = settings()
        settings.refusesUnknownNames = true
        let server = try Server(tls: TLSServer(settings))
        #expect(facts(server, try client("edge.test")) != nil)
        #expect(failure(server, try client("other.test"))?.contains("unrecognized name") == true)
    }

    @Test func whoIsNotTrustedIsRefused() throws {
        let server = try Server(tls: TLSServer(settings()))
        #expect(failure(server, try client { $0.authoritiesFile = nil })?.contains("certificate") == true)
        let trusting = try client("whatever.test") { $0.verifies = false }
        #expect(facts(server, trusting) != nil)
    }

    @Test func sessionsAreResumedAlsoAfterAReload() throws {
        let tls = try TLSServer(settings())
        let server = try Server(tls: tls) { recorder in
            recorder.onBytes = { recorder, bytes in recorder.connection?.send(bytes.span) }
        }
        let client = try client()
        func talk() -> Bool? {
            let index = server.accepted.withLock { $0.count }
            let peer = server.connect(tls: client)
            guard peer.wait({ $0.isConnected }) else { return nil }
            on(server.loop) { peer.connection?.send([1].span) }
            // The ticket has come when an answer has.
            guard peer.wait({ !$0.bytes.isEmpty }) else { return nil }
            return server.accepted.withLock { $0[index] }.seen.withLock { $0.facts?.isResumed }
        }
        #expect(talk() == false)
        #expect(talk() == true)
        #expect(talk() == true)
        try tls.reload(settings(["edge", "wild"]))
        #expect(talk() == true)
        #expect(facts(server, try self.client("a.wild.test")) != nil)
        // Who demands certificates from now on resumes no session from before.
        var stricter = settings()
        stricter.clientCertificates = .optional
        stricter.clientAuthoritiesFile = files.path("ca.pem")
        try tls.reload(stricter)
        #expect(talk() == false)
    }

    @Test func clientCertificatesAreAskedFor() throws {
        var settings = settings()
        settings.clientCertificates = .required
        settings.clientAuthoritiesFile = files.path("ca.pem")
        let server = try Server(tls: TLSServer(settings))
        #expect(failure(server, try client())?.contains("certificate") == true)
        let known = try client {
            $0.certificateFile = files.path("client.pem")
            $0.keyFile = files.path("client.key")
        }
        let facts = facts(server, known)
        #expect(facts?.peer?.subject == "CN=client,O=Squilla tests")
        #expect(facts?.peer?.issuer == "CN=Test authority,O=Squilla tests")
        #expect(facts?.peer?.fingerprint.count == 64)
    }

    @Test func protocolsAreAgreedOn() throws {
        var settings = settings()
        settings.protocols = ["h2", "http/1.1"]
        let server = try Server(tls: TLSServer(settings))
        #expect(facts(server, try client { $0.protocols = ["http/1.1", "h2"] })?.applicationProtocol == "h2")
        #expect(facts(server, try client { $0.protocols = ["http/1.1"] })?.applicationProtocol == "http/1.1")
        #expect(facts(server, try client())?.applicationProtocol == nil)
        #expect(failure(server, try client { $0.protocols = ["spdy/3"] }) != nil)
    }

    @Test func garbageEndsTheConnection() throws {
        let server = try Server(tls: TLSServer(settings()))
        for garbage in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}hello", "\u{0}"] {
            let index = server.accepted.withLock { $0.count }
            let peer = server.connect()
            #expect(peer.wait { $0.isConnected })
            on(server.loop) {
                peer.connection?.send(Array(garbage.utf8).span)
                peer.connection?.closeAfterFlush(linger: true)
            }
            #expect(eventually { server.accepted.withLock { $0.count } > index })
            let accepted = server.accepted.withLock { $0[index] }
            #expect(accepted.wait { $0.closed != nil })
            #expect(accepted.seen.withLock { $0.bytes.isEmpty && $0.facts == nil })
        }
    }

    @Test func wrongFilesAreNamed() throws {
        let good = settings()
        func problem(_ change: (inout TLSServerSettings) -> Void) -> String {
            var settings = good
            change(&settings)
            do throws(TLSError) {
                _ = try TLSServer(settings)
                return "none"
            } catch {
                return error.description
            }
        }
        #expect(problem { $0.certificates = [] } == "TLS needs a certificate")
        #expect(problem { $0.certificates[0].keyFile = "/nowhere" }.hasPrefix("/nowhere: cannot be read: No such file"))
        #expect(problem { $0.certificates[0].keyFile = files.path("wild.key") }.contains("wild.key"))
        #expect(problem { $0.certificates[0].chainFile = files.path("edge.key") }.contains("no certificate in PEM"))
        #expect(problem { $0.ciphers = "NONSENSE" }.hasPrefix("ciphers: "))
        #expect(problem { $0.groups = "P-1" }.hasPrefix("groups: "))
        #expect(problem { $0.clientCertificates = .required }.contains("authorities"))
        let server = try TLSServer(good)
        var bad = good
        bad.certificates[0].chainFile = "/nowhere"
        #expect(throws: TLSError.self) { try server.reload(bad) }
        #expect(server.names == ["edge.test"])
    }
}
