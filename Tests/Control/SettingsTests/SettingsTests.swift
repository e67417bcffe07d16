import Foundation
import Settings
import Testing

@Suite struct SettingsTests {
    @Test func anEmptyFileGivesTheDefaults() throws {
        #expect(try Settings(yaml: "") == Settings())
        #expect(try Settings(yaml: "# nothing but a comment\nedge:\n") == Settings())
    }

    @Test func everySectionIsRead() throws {
        let settings = try Settings(
            yaml: """
                data: /var/lib/squilla
                edge:
                  name: fra-1
                  listen: [0.0.0.0:80, "[::1]:8080"]
                  header_timeout_ms: 2s
                  trusted_proxies: 10.0.0.0/8
                origins:
                  - name: shop
                    url: http://127.0.0.1:3000
                    hosts: [Shop.example]
                    retries: 2
                  - url: [http://10.0.0.1, "http://[::1]:81/"]
                cache: {memory_bytes: 64MiB, max_object_bytes: 1_000_000}
                log: {durability: commit, retention_ms: 30d}
                jobs: {future_tolerance_ms: 5m}
                views: {max_rows: 5000, max_bytes: 1MiB, max_layers: 4}
                management: {listen: "0.0.0.0:8090", token: correct-horse}
                """)
        #expect(settings.jobs.futureToleranceMilliseconds == 300_000)
        #expect(settings.views.maxRows == 5000 && settings.views.maxBytes == 1 << 20 && settings.views.maxLayers == 4)
        #expect(settings.dataFolder == "/var/lib/squilla")
        let addresses = [Endpoint(host: "0.0.0.0", port: 80), Endpoint(host: "::1", port: 8080)]
        #expect(settings.edge.listen.map(\.address) == addresses)
        #expect(settings.edge.headerTimeoutMilliseconds == 2000)
        #expect(settings.edge.trustedProxies == [CIDRBlock("10.0.0.0/8")])
        #expect(settings.origins.map(\.name) == ["shop", "origin2"])
        #expect(settings.origins[0].hosts == ["shop.example"])
        #expect(settings.origins[1].urls.map(\.description) == ["http://10.0.0.1:80", "http://[::1]:81"])
        #expect(settings.cache.memoryBytes == 64 << 20)
        #expect(settings.cache.maxObjectBytes == 1_000_000)
        #expect(settings.log.durability == .commit)
        #expect(settings.log.retentionMilliseconds == 30 * 86_400_000)
        #expect(settings.management.token == "correct-horse")
    }

    @Test func tlsOfListenersAndOrigins() throws {
        let settings = try Settings(
            yaml: """
                edge:
                  listen:
                    - 127.0.0.1:80
                    - address: 127.0.0.1:443
                      tls:
                        min_version: 1.3
                        client_certificates: optional
                        client_authorities: ca.pem
                        session_ms: 1h
                        certificates:
                          - {certificate: a.pem, key: a.key, ocsp: a.der}
                          - certificate: both.pem
                origins:
                  - url: https://127.0.0.1
                    tls: {authorities: ca.pem, server_name: inner.example, verify: yes}
                """)
        #expect(settings.edge.listen[0] == ListenSection(address: Endpoint(host: "127.0.0.1", port: 80)))
        let tls = try #require(settings.edge.listen[1].tls)
        #expect(tls.minVersion == .tls13)
        #expect(tls.clientCertificates == .optional)
        #expect(tls.sessionMilliseconds == 3_600_000)
        #expect(
            tls.certificates == [
                CertificateSection(certificate: "a.pem", key: "a.key", ocsp: "a.der"),
                CertificateSection(certificate: "both.pem", key: "both.pem"),
            ])
        #expect(settings.origins[0].urls[0].description == "https://127.0.0.1:443")
        #expect(settings.origins[0].tls.serverName == "inner.example")
    }

    @Test func unixSockets() throws {
        let settings = try Settings(
            yaml: """
                edge:
                  listen:
                    - {address: "unix:/run/edge.sock", mode: "0600", http1: false}
                    - unix:@edge
                origins: [{url: "unix:/run/app.sock", proxy_protocol: v2}]
                """)
        #expect(settings.edge.listen.map(\.address.description) == ["unix:/run/edge.sock", "unix:@edge"])
        #expect(settings.edge.listen[0].unixMode == 0o600 && !settings.edge.listen[0].allowsHTTP1)
        #expect(settings.origins[0].urls.map(\.description) == ["unix:/run/app.sock"])
        #expect(settings.origins[0].proxyProtocol == .v2)
    }

    @Test(arguments: [
        ("edge:\n  listen: unix:relative", 2, 11, "expected HOST:PORT"),
        ("edge:\n  listen:\n    - {address: \"unix:/s\", mode: \"8\"}", 3, 34, "expected permissions"),
        ("edge:\n  listen:\n    - {address: \"127.0.0.1:1\", mode: \"0600\"}", 3, 38, "only the file of a Unix socket"),
        ("edge:\n  listen:\n    - {address: \"127.0.0.1:1\", http1: no, http2: no}", 3, 39, "must take HTTP/1"),
        ("management: {listen: \"unix:/s\"}", 1, 22, "is a Unix socket"),
        ("edge:\n  listen:\n    - tls: {certificates: []}", 3, 7, "a listener needs an address"),
        ("edge:\n  listen:\n    - address: 80\n      tls: {}", 4, 12, "TLS needs at least one certificate"),
        ("edge:\n  listen:\n    - {address: 80, tls: {certificates: {key: k}}}", 3, 41, "name the file"),
        ("edge:\n  listen:\n    - {address: 80, tlss: {}}", 3, 21, "did you mean tls?"),
        ("origins:\n  - url: http://x\n    tls: {verify: no}", 3, 10, "none of the origin's URLs is https"),
        ("cahce: {}", 1, 1, "did you mean cache?"),
        ("cache:\n  memory_byte: 1MiB", 2, 3, "did you mean memory_bytes?"),
        ("zzzzzzzz: 1", 1, 1, "known here: cache, data"),
        ("cache:\n  memory_bytes: lots", 2, 17, "expected a size"),
        ("cache:\n  memory_bytes: 1", 2, 17, "1 B is out of range: from 1 MiB"),
        ("log:\n  retention_ms: 5 parsecs", 2, 17, "expected a duration"),
        ("log:\n  durability: comit", 2, 15, "did you mean commit?"),
        ("edge:\n  listen: nowhere", 2, 11, "expected HOST:PORT"),
        ("edge:\n  listen: localhost:99999", 2, 11, "expected HOST:PORT"),
        ("edge:\n  trusted_proxies: [10.0.0.0/99]", 2, 20, "CIDR"),
        ("origins:\n  - url: ftp://x", 2, 10, "unknown scheme ftp"),
        ("origins:\n  - url: http://x/path", 2, 10, "an origin has no path"),
        ("origins:\n  - name: a", 2, 5, "an origin needs a url"),
        ("origins: 3", 1, 10, "expected a mapping"),
        ("edge: [1]", 1, 7, "expected a mapping"),
        ("cache:\n  enabled: maybe", 2, 12, "expected true or false"),
        ("cache:\n\tenabled: true", 2, 1, "not valid YAML"),
        ("a: [", 2, 1, "not valid YAML"),
        ("edge:\n  name: a\n  name: b", 0, 0, "given twice"),
        ("management:\n  listen: 0.0.0.0:1", 2, 11, "set management.token"),
        ("management:\n  token: short", 2, 10, "at least 8"),
        ("edge:\n  name: \"a\\nX-Evil: 1\"", 2, 9, "expected a token such as fra-1"),
        ("edge:\n  name: \"\"", 2, 9, "expected a token such as fra-1"),
        ("edge:\n  cdn_id: \"a;b\"", 2, 11, "or a token"),
        ("edge:\n  listen: [127.0.0.1:80, 127.0.0.1:80]", 2, 11, "named twice"),
        ("edge:\n  listen: 127.0.0.1:8090", 0, 0, "an address of its own"),
        ("edge: {listen: 9000}\nmanagement:\n  token: long-enough\n  listen: 0.0.0.0:9000", 4, 11, "of its own"),
        ("origins: [{url: http://x}]\nrules:\n  - when:\n    deny: true", 0, 0, "an empty condition"),
        ("origins: [{url: http://x}]\nrules:\n  - when: NULL\n    deny: true", 3, 11, "an empty condition"),
        ("origins: [{url: http://x}]\nrules:\n  - deny:", 0, 0, "such as deny: 403"),
        ("origins: [{url: http://x}]\nrules:\n  - respond:\n    stop: true", 0, 0, "an action without a value"),
        ("origins: [{url: http://x}]\nrules:\n  - compress: ~", 3, 15, "such as compress: false"),
        ("origins: [{url: http://x}]\nrules:\n  - deny: 403\n    ttl:", 0, 0, "such as ttl: 10m"),
        ("origins: [{url: http://x}]\nrules:\n  - set_headers: {X: null}", 3, 18, "the field X has no value"),
        ("origins: [{url: http://x}]\nrules:\n  - respond: {headers: {X: }}", 0, 0, "the field X has no value"),
        ("lb: {heartbeat_ms: 100, silence_ms: 200}", 1, 37, "more than twice heartbeat_ms"),
        ("cache: {memory_bytes: 1MiB, max_object_bytes: 2MiB}", 1, 47, "larger than the whole cache"),
    ])
    func aMistakeIsShownWhereItIs(yaml: String, line: Int, column: Int, message: String) throws {
        let error = try #require(throws: SettingsError.self) { try Settings(yaml: yaml) }
        let rendered = error.rendered(file: "squilla.yaml")
        #expect(rendered.contains(message), "\(rendered)")
        if line > 0 {
            #expect(rendered.contains("squilla.yaml:\(line):\(column):"), "\(rendered)")
        }
    }

    @Test func allMistakesAreShownAtOnce() throws {
        let error = try #require(throws: SettingsError.self) {
            try Settings(yaml: "edge:\n  workers: -1\n  nmae: a\ncache:\n  enabled: 7\n")
        }
        #expect(error.diagnostics.map(\.path) == ["edge.workers", "edge.nmae", "cache.enabled"])
    }

    @Test func endpointsAreRead() throws {
        let settings = try Settings(
            yaml: """
                edge: {zone: eu-1, cdn_id: e1.example, peers: {urls: [http://a, http://b], own: http://b:80}}
                origins:
                  - endpoints:
                      - {url: http://10.0.0.1, weight: 3, priority: 1, zone: eu-2, labels: {version: blue}}
                      - url: http://10.0.0.2
                    balance: {policy: maglev, hash: "cookie:session", bounded_load: 1.25}
                    check: {kind: tcp, interval_ms: 1s, status: 204}
                    retry: {statuses: [502, 503], hedge_ms: 50ms}
                    affinity: {secret: 0123456789abcdef}
                    parents: http://shield
                """)
        let origin = settings.origins[0]
        #expect(origin.endpoints[0].labels == ["version": "blue"])
        #expect(origin.endpoints.map(\.weight) == [3, 1])
        #expect(origin.balance.hash == .cookie("session"))
        #expect(origin.check?.statuses == 204...204)
        #expect(origin.retry.statuses == [502, 503])
        #expect(origin.affinity?.cookie == "squilla_endpoint")
        #expect(origin.parents.count == 1)
        #expect(settings.edge.peers?.own == settings.edge.peers?.urls[1])
        #expect(settings.edge.peers?.firstByteTimeoutMilliseconds == 10_000)
    }

    @Test(arguments: [
        ("endpoints: [{weight: 1}]", "an endpoint needs a url"),
        ("endpoints: [{url: http://a, weight: 0}]", "out of range"),
        ("url: http://a, balance: {policy: maglv}", "did you mean maglev?"),
        ("url: http://a, balance: {hash: header}", "header:NAME"),
        ("url: http://a, balance: {bounded_load: 1.01}", "at least 1.05"),
        ("url: http://a, balance: {subset_header: x}", "go together"),
        ("url: http://a, check: {status: 300-200}", "such as 200-399"),
        ("url: http://a, check: {path: x}", "such as /healthz"),
        ("url: http://a, affinity: {}", "at least 16 bytes"),
        ("url: http://a, affinity: {secret: 0123456789abcdef, cookie: a=b}", "token"),
        ("url: http://a, retry: {statuses: [200]}", "from 400 to 599"),
        ("url: http://a, outliers: {consecutive_error: 1}", "did you mean consecutive_errors?"),
        ("url: http://a, outliers: {ejection_ms: 2m, max_ejection_ms: 1m}", "no shorter than the first"),
        ("url: http://a, retries: 0, retry: {hedge_ms: 5}", "a hedge counts as a retry"),
        ("url: http://a, balance: {hash: url}", "round_robin does not hash"),
        ("url: http://a, balance: {policy: random, bounded_load: 2}", "random does not hash"),
        ("url: [http://a, http://a:80]", "http://a:80 is named twice"),
        ("url: http://a, endpoints: [{url: http://a}]", "http://a:80 is named twice"),
        ("url: http://a..", "expected a host and a port"),
        ("url: http://256.1.1.1", "expected a host and a port"),
        ("url: https://a, tls: {server_name: \"\"}", "the host name or IP address"),
        ("url: https://a, tls: {server_name: \"a:443\"}", "the host name or IP address"),
        ("url: https://a, tls: {server_name: \"*.a.test\"}", "the host name or IP address"),
        ("url: http://a, hosts: [\"*.x.test\"]", "found \"*.x.test\""),
        ("url: http://a, hosts: [\"http://x\"]", "found \"http://x\""),
        ("url: http://a, hosts: [\"x:80\"]", "found \"x:80\""),
        ("url: http://a, hosts: [\"\"]", "found \"\""),
        ("url: http://a, hosts: [\"a b\"]", "found \"a b\""),
        ("url: http://a, hosts: [x.test.]", "found \"x.test.\""),
        ("url: http://a, hosts: [\"::1\"]", "found \"::1\""),
    ])
    func aWrongOriginIsExplained(origin: String, message: String) throws {
        let error = try #require(throws: SettingsError.self) { try Settings(yaml: "origins: [{\(origin)}]") }
        #expect(error.rendered(file: "f").contains(message), "\(error.rendered(file: "f"))")
    }

    @Test(arguments: [
        "name: e1.example:443", "name: fra-1", "name: \"[2001:db8::1]\"", "cdn_id: e1.example",
        "listen: [\"0\", \"0\"]",
    ])
    func whatAnEdgeMayBeCalled(edge: String) throws { _ = try Settings(yaml: "edge: {\(edge)}") }

    @Test(arguments: [
        "url: https://a, tls: {server_name: 192.0.2.1}", "url: https://a, tls: {server_name: \"2001:db8::1\"}",
        "url: http://a_b.test., hosts: [my_app.test, \"[2001:db8::1]\", 192.0.2.1]",
        "url: \"http://[fe80::1%eth0]:81\"",
    ])
    func hostsInEverySpelling(origin: String) throws { _ = try Settings(yaml: "origins: [{\(origin)}]") }

    @Test(
        arguments: [
            ("ciphers: \"ALL:eNULL:@SECLEVEL=0\"", "@SECLEVEL=0 lets in"), ("ciphers: aNULL", "aNULL lets in"),
            ("ciphers: \"ECDHE+AESGCM ECDHE-RSA-NULL-SHA\"", "ECDHE-RSA-NULL-SHA lets in"),
            ("ciphers: \"HIGH@SECLEVEL=1\"", "@SECLEVEL=1 lets in"),
            ("ciphers: \"kECDHE+anull\"", "kECDHE+anull lets in"),
            ("ciphers: \"!MD5:COMPLEMENTOFALL\"", "COMPLEMENTOFALL lets in"), ("suites: \"\"", "name at least one"),
            ("ciphers: \"ECDHE+AESGCM:!aNULL:!eNULL:@SECLEVEL=2\"", nil),
        ] as [(String, String?)])
    func ciphersThatProtectNobodyAreRefused(key: String, message: String?) throws {
        let yaml = "edge: {listen: [{address: 1, tls: {certificates: {certificate: c}, \(key)}}]}"
        guard let message else {
            _ = try Settings(yaml: yaml)
            return
        }
        let error = try #require(throws: SettingsError.self) { try Settings(yaml: yaml) }
        #expect(error.rendered(file: "f").contains(message), "\(error.rendered(file: "f"))")
    }

    @Test func peersNameThisEdge() throws {
        let error = try #require(throws: SettingsError.self) {
            try Settings(yaml: "edge: {peers: {urls: [http://a], own: http://b}}\norigins: [{url: http://c}]")
        }
        #expect(error.rendered(file: "f").contains("which of peers.urls this edge is"))
    }

    @Test func hostsMayNotBeClaimedTwice() throws {
        let error = try #require(throws: SettingsError.self) {
            try Settings(yaml: "origins:\n  - {name: a, url: http://a}\n  - {name: b, url: http://b}\n")
        }
        #expect(error.rendered(file: "f").contains("every other host goes to a already"))
    }

    @Test func flagsAreCheckedTogetherWithTheFile() throws {
        #expect(throws: SettingsError.self) {
            try Settings(yaml: "") { $0.management.listen = Endpoint(host: "0.0.0.0", port: 8090) }
        }
        let settings = try Settings(yaml: "management: {token: long-enough}") {
            $0.management.listen = Endpoint(host: "0.0.0.0", port: 8090)
        }
        #expect(settings.management.listen.port == 8090)
    }

    @Test func hostileFilesAreRefused() {
        #expect(throws: SettingsError.self) { try Settings(yaml: String(repeating: "[", count: 100_000)) }
        #expect(throws: SettingsError.self) { try Settings(yaml: String(repeating: "# long\n", count: 300_000)) }
        #expect(throws: SettingsError.self) { try Settings(yaml: "\u{0}\u{1}") }
    }
}

@Suite struct QuantitiesTests {
    @Test(arguments: [
        ("500", 500), ("500ms", 500), ("1.5s", 1500), ("10m", 600_000), ("6h", 21_600_000), ("7d", 604_800_000),
        ("2 s", 2000), ("0", 0),
    ])
    func durations(text: String, expected: Int) { #expect(Quantities.milliseconds(text) == expected) }

    @Test(arguments: ["", "s", "-1s", "1x", "1e400s", "99999999999999999d", "1.2.3s", "10M"])
    func notDurations(text: String) { #expect(Quantities.milliseconds(text) == nil) }

    @Test(arguments: [("1", 1), ("64KiB", 65_536), ("1.5GB", 1_500_000_000), ("256 mib", 268_435_456), ("1G", 1 << 30)])
    func sizes(text: String, expected: Int) { #expect(Quantities.bytes(text) == expected) }
}

@Suite struct ConfigurationDocumentTests {
    /// The documented keys are exactly the known ones: each is read without an "unknown key", and the parser's own
    /// list of what is known here names no other.
    @Test func theDocumentListsEveryKey() throws {
        var documented: [[String]: Set<String>] = [:]
        for line in try documentText().split(separator: "\n") where line.hasPrefix("| `") {
            let path = line.dropFirst(3).prefix { $0 != "`" }.split(separator: ".").map(String.init)
            // A key of a section within a section makes that a key of the outer one.
            for depth in 1..<max(1, path.count) {
                let key = path[depth].replacing("[]", with: "")
                documented[Array(path[..<depth]), default: []].insert(key)
            }
        }
        #expect(Set(documented.keys.map { $0[0] }).count == 14)
        for (section, keys) in documented {
            let error = try #require(throws: SettingsError.self) { try Settings(yaml: unknownKey(in: section)) }
            let message = try #require(error.diagnostics.first { $0.message.contains("known here: ") }?.message)
            let known = message.split(separator: ": ", maxSplits: 1)[1].split(separator: ", ").map(String.init)
            #expect(Set(known) == keys, "section \(section)")
        }
    }

    /// A file with one key that nobody knows, in this section.
    private func unknownKey(in section: [String]) -> String {
        var text = "{zzzzzzzzzzzzzzz: 1}"
        for name in section.reversed() {
            let isList = name.hasSuffix("[]")
            // An origin's `tls` is for one that is reached by https.
            let first = name == "tls" && section[0] == "origins[]" ? "url: https://x, " : ""
            text = "{\(first)\(name.replacing("[]", with: "")): \(isList ? "[\(text)]" : text)}"
        }
        return text
    }

    private func documentText() throws -> String {
        var folder = #filePath.split(separator: "/").dropLast()
        folder.removeLast(3)
        return try String(
            contentsOfFile: "/" + folder.joined(separator: "/") + "/docs/configuration.md", encoding: .utf8)
    }
}
