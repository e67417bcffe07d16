import Foundation
import Reactor
import Settings
import Testing

@testable import squilla

@Suite struct ACMEOrderTests {
    private static let base = "https://ca"

    private func order() throws -> ACMEOrder {
        ACMEOrder(
            directoryURL: "\(Self.base)/directory", names: ["a.test", "b.test"], contact: nil, request: [1, 2, 3],
            key: try TLSSigningKey())
    }

    private func reply(
        _ body: String, status: Int = 200, location: String? = nil, retryAfter: Int? = nil
    ) -> ACMEReply {
        ACMEReply(
            status: status, nonce: "n", location: location, retryAfterSeconds: retryAfter, body: Array(body.utf8))
    }

    private static let directory = """
        {"newNonce": "https://ca/nonce", "newAccount": "https://ca/account", "newOrder": "https://ca/order", "meta": {}}
        """

    private func authorization(_ status: String) -> ACMEReply {
        reply(
            """
            {"status": "\(status)", "challenges": [{"type": "dns-01", "url": "https://ca/d", "token": "d"},
             {"type": "http-01", "url": "https://ca/c", "token": "tok_-1"}]}
            """)
    }

    /// Up to the first authorization.
    private func ordered(_ order: inout ACMEOrder) -> ACMEOrder.Action {
        #expect(order.start() == .get("https://ca/directory"))
        #expect(order.received(reply(Self.directory)) == .head("https://ca/nonce"))
        #expect(
            order.received(reply("")) == .post("https://ca/account", payload: "{\"termsOfServiceAgreed\":true}"))
        let payload =
            "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"},{\"type\":\"dns\",\"value\":\"b.test\"}]}"
        #expect(
            order.received(reply("{}", status: 201, location: "https://ca/account/1"))
                == .post("https://ca/order", payload: payload))
        #expect(order.signer.account == "https://ca/account/1")
        return order.received(
            reply(
                "{\"status\":\"pending\",\"authorizations\":[\"https://ca/z/1\",\"https://ca/z/2\"],\"finalize\":\"https://ca/f\"}",
                status: 201, location: "https://ca/order/1"))
    }

    @Test(
        arguments: [
            ("https://ca.test/a?b=1", "ca.test", 443, "/a?b=1"), ("https://[::1]:8443", "[::1]", 8443, "/"),
            ("http://127.0.0.1:14000/dir", "127.0.0.1", 14000, "/dir"),
        ] as [(String, String, UInt16, String)])
    func placesOfAServer(url: String, host: String, port: UInt16, target: String) throws {
        let place = try ACMETransport.split(url)
        #expect(place.host == host && place.port == port && place.target == target)
    }

    /// What else a server names would be written into the request as it came.
    @Test(arguments: [
        "https://ca\r\nX: y/", "https://ca\r\nX/", "https://c a/", "https://c\u{E4}/", "https://a@ca/", "https://ca?x",
        "https:///x", "https://ca:0x50/", "https://ca/\r\n", "https://ca/a b", "http://ca/", "ftp://ca/",
    ])
    func placesThatAreNone(url: String) {
        #expect(throws: ACMEFailure.self) { try ACMETransport.split(url) }
    }

    @Test func theWholeWay() throws {
        var order = try order()
        #expect(ordered(&order) == .post("https://ca/z/1", payload: ""))
        guard case .publish(let token, let answer) = order.received(authorization("pending")) else {
            Issue.record("no challenge is published")
            return
        }
        #expect(token == "tok_-1" && answer.hasPrefix("tok_-1.") && answer.utf8.count == 7 + 43)
        #expect(order.published() == .post("https://ca/c", payload: "{}"))
        #expect(order.received(reply("{}", retryAfter: 3)) == .wait(milliseconds: 3_000))
        #expect(order.waited() == .post("https://ca/z/1", payload: ""))
        guard case .wait = order.received(authorization("pending")) else {
            Issue.record("an authorization that is not decided is not waited for")
            return
        }
        // The second one is valid from an earlier order.
        #expect(order.received(authorization("valid")) == .post("https://ca/z/2", payload: ""))
        #expect(order.received(authorization("valid")) == .post("https://ca/f", payload: "{\"csr\":\"AQID\"}"))
        #expect(order.received(reply("{\"status\":\"processing\"}")) == .wait(milliseconds: 250))
        #expect(order.waited() == .post("https://ca/order/1", payload: ""))
        #expect(
            order.received(reply("{\"status\":\"valid\",\"certificate\":\"https://ca/crt\"}"))
                == .post("https://ca/crt", payload: ""))
        #expect(order.received(reply("chain")) == .done(Array("chain".utf8)))
    }

    /// RFC 8555, 7.3.4: our key, signed with that of the operator's account, for the URL that the request goes to.
    @Test func anExternalAccountIsBound() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("acme-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n".utf8).write(to: file)
        let external = try ExternalAccount(ExternalAccountSection(keyID: "kid \"1\"", hmacKeyFile: file.path))
        #expect(external.hmacKey.count == 48 && external.hmacKey.starts(with: [0xcd, 0x63, 0x43, 0x64]))
        var order = ACMEOrder(
            directoryURL: "\(Self.base)/directory", names: ["a.test"], contact: nil, request: [1],
            key: try TLSSigningKey(), external: external)
        _ = order.start()
        _ = order.received(reply(Self.directory))
        guard case .post("https://ca/account", let payload) = order.received(reply("")) else {
            Issue.record("no account is asked for")
            return
        }
        let members = try object(Array(payload.utf8))
        let binding = try #require(members["externalAccountBinding"] as? [String: String])
        #expect(members["termsOfServiceAgreed"] as? Bool == true && binding.count == 3)
        let head = try object(decoded(binding["protected"]))
        #expect(head["alg"] as? String == "HS256" && head["kid"] as? String == "kid \"1\"")
        #expect(head["url"] as? String == "https://ca/account" && head.count == 3)
        // The payload is the key that signs the request.
        let body = try object(order.signer.body(payload, url: "https://ca/account", nonce: "n"))
        let outer = try object(decoded(body["protected"] as? String))
        let key = try object(decoded(binding["payload"]))
        #expect(key as? [String: String] == outer["jwk"] as? [String: String] && key.count == 4)
        #expect(try decoded(binding["signature"]).count == 32)
    }

    @Test(arguments: ["", "short", "not base64url !", "AAAAAAAAAAAAAAAAAAAA"])
    func aKeyOfAnExternalAccountThatIsNone(text: String) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("acme-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let section = ExternalAccountSection(keyID: "k", hmacKeyFile: file.path)
        #expect(throws: ACMEFailure.self) { try ExternalAccount(section) }
        let missing = ExternalAccountSection(keyID: "k", hmacKeyFile: file.path + ".not")
        #expect(throws: ACMEFailure.self) { try ExternalAccount(missing) }
    }

    private func decoded(_ text: String?) throws -> [UInt8] {
        let text = try #require(text)
        return try #require(Base64URL.bytes(text))
    }

    private func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test func aStaleNonceIsReplaced() throws {
        var order = try order()
        let request = ordered(&order)
        let stale = reply("{\"type\":\"urn:ietf:params:acme:error:badNonce\"}", status: 400)
        for _ in 0..<5 { #expect(order.received(stale) == request) }
        guard case .failed = order.received(stale) else {
            Issue.record("an authority that takes no nonce is asked for ever")
            return
        }
    }

    @Test(arguments: [
        ("{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"slow\"}", 429, "rateLimited: slow"),
        ("<html>", 502, "status 502"), ("", 302, "status 302"), ("[]", 200, "malformed: an order without its URLs"),
    ])
    func refusalsAreTold(body: String, status: Int, words: String) throws {
        var order = try order()
        _ = order.start()
        for answer in [Self.directory, "", "{}"] { _ = order.received(reply(answer, location: "https://ca/a")) }
        guard case .failed(let failure) = order.received(reply(body, status: status, retryAfter: 9)) else {
            Issue.record("not refused")
            return
        }
        #expect(failure.description == words)
        if status >= 300 { #expect(failure.retryAfterSeconds == 9) }
    }

    /// An authority that never decides, and one that says so at each question.
    @Test(arguments: [nil, 1_000_000]) func endlessOrdersEnd(retryAfter: Int?) throws {
        var order = try order()
        _ = ordered(&order)
        _ = order.received(authorization("pending"))
        _ = order.published()
        var action = order.received(reply("{}", retryAfter: retryAfter))
        var waits = 0
        while case .wait(let milliseconds) = action {
            waits += 1
            #expect(milliseconds <= 60_000)
            guard waits < 100 else { break }
            _ = order.waited()
            action = order.received(self.authorization("pending"))
        }
        guard case .failed(let failure) = action else {
            Issue.record("asks for ever")
            return
        }
        #expect(failure.problem == "stuck")
    }

    @Test func aRefusedOrderSaysWhy() throws {
        var order = try order()
        _ = ordered(&order)
        _ = order.received(authorization("valid"))
        _ = order.received(authorization("valid"))
        let answer = reply(
            "{\"status\":\"invalid\",\"error\":{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"not by us\"}}")
        guard case .failed(let failure) = order.received(answer) else {
            Issue.record("an order that is invalid goes on")
            return
        }
        #expect(failure.description == "caa: not by us")
    }

    /// What is stored must be what the next start can use.
    @Test func certificatesAreLookedAt() throws {
        let key = try TLSSigningKey()
        let pem = try key.selfSigned(for: ["a.test", "b.test"])
        #expect(key.fits(pem: pem))
        #expect(try !TLSSigningKey().fits(pem: pem))
        #expect(!key.fits(pem: Array("nothing".utf8)))
        #expect(TLSCertificateFacts.names(["b.test", "a.test"], in: pem))
        #expect(!TLSCertificateFacts.names(["a.test", "c.test"], in: pem))
        #expect(!TLSCertificateFacts.names(["a.test"], in: []))
    }

    @Test func hostileAnswersEnd() throws {
        var order = try order()
        _ = ordered(&order)
        let token = reply(
            "{\"status\":\"pending\",\"challenges\":[{\"type\":\"http-01\",\"url\":\"u\",\"token\":\"../../x\"}]}")
        guard case .failed = order.received(token) else {
            Issue.record("a token with a path in it is published")
            return
        }
        var empty = try self.order()
        _ = empty.start()
        guard case .failed = empty.received(reply("{\"newNonce\": 3}")) else {
            Issue.record("a directory without URLs is taken")
            return
        }
    }

    @Test func whenToTryAgain() throws {
        let day: Int64 = 86_400
        let key = try TLSSigningKey()
        var facts = try #require(TLSCertificateFacts(pem: try key.selfSigned(for: ["a.test"])))
        #expect(facts.isSelfSigned)
        #expect(RenewalSchedule.renewal(facts, beforeSeconds: day, random: 0) == .min)
        facts.isSelfSigned = false
        facts.start = 0
        facts.end = 90 * day
        #expect(RenewalSchedule.renewal(facts, beforeSeconds: 30 * day, random: 0) == 60 * day)
        #expect(RenewalSchedule.renewal(facts, beforeSeconds: 30 * day, random: 1) == 57 * day)
        facts.end = 6 * day
        #expect(RenewalSchedule.renewal(facts, beforeSeconds: 30 * day, random: 0) == 4 * day)
        #expect(RenewalSchedule().pause(after: 1, retryAfter: nil, random: 0.5) == 60)
        #expect(RenewalSchedule().pause(after: 3, retryAfter: nil, random: 0) == 192)
        #expect(RenewalSchedule().pause(after: 90, retryAfter: nil, random: 0.5) == 12 * 3600)
        #expect(RenewalSchedule().pause(after: 1, retryAfter: 9_000, random: 0.5) == 9_000)
        #expect(RenewalSchedule().pause(after: 1, retryAfter: 1 << 40, random: 0.5) == 7 * day)
        #expect(RenewalSchedule().pause(after: 1, retryAfter: -5, random: 0.5) == 60)
    }

    @Test func keysKeepTheirPoint() throws {
        let key = try TLSSigningKey()
        let again = try TLSSigningKey(pem: try key.pem())
        #expect(try key.point().x == again.point().x && key.point().y == again.point().y)
        #expect(try key.signature(of: [1]).count == 64)
        #expect(throws: TLSError.self) { try TLSSigningKey(pem: Array("nothing".utf8)) }
        #expect(try !key.request(for: ["a.test", "b.test"]).isEmpty)
    }
}
