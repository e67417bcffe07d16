import Codings
import HTTPWire
import Testing

@testable import HTTPCache

/// Which form of a stored response a request gets.
@Suite struct EncodingTests {
    private static let fields = "Cache-Control: max-age=100|Content-Type: text/html; charset=utf-8|ETag: \"v1\"|"
    private static let body = String(repeating: "hello ", count: 200)

    private func scene(_ change: (inout CacheSettings) -> Void = { _ in }) -> Scene {
        Scene {
            $0.compression = CompressionSettings()
            change(&$0)
        }
    }

    private func store(_ scene: Scene, _ fields: String = fields, path: String = "/", body: String = body) {
        scene.fetch(fields + "Content-Length: \(body.utf8.count)", path: path, body: body)
    }

    private func choose(_ scene: Scene, _ hit: CacheHit, _ request: RequestHead) -> EncodedForm {
        scene.cache.form(
            of: hit, for: request, key: CacheKey(request, isHTTPS: false), now: scene.now,
            settings: scene.cache.settings)
    }

    /// The form's name, made and stored if it isn't there yet.
    @discardableResult
    private func form(_ scene: Scene, _ fields: String, path: String = "/") -> String {
        let request = Scene.request(path, fields)
        guard let hit = scene.lookup(request).hit else { return "no hit" }
        switch choose(scene, hit, request) {
        case .identity: return "identity"
        case .stored(let form): return "stored " + (form.object.fields().string(of: .contentEncoding) ?? "?")
        case .encode(let fill, let form):
            _ = fill.append(Array("coded".utf8)) {}
            fill.finish()
            return "new " + (form.object.fields().string(of: .contentEncoding) ?? "?")
        }
    }

    @Test(arguments: [
        ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "br"), ("X-GZIP", "gzip"),
        ("gzip;q=1.0, br;q=0.9", "gzip"), ("br;q=0, gzip", "gzip"), ("gzip;q=0", ""), ("deflate", ""), ("", ""),
        ("*", "br"), ("*;q=0.1", "br"), ("br;q=0, *", "zstd"), ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip;q=nonsense", ""), ("gzip;q=1.5", ""), ("gzip ; q=0.5", "gzip"), ("gzip;q=0.0001", ""), ("gzip;x=1", ""),
        ("gzip|Accept-Encoding: br", "br"), ("identity;q=0", ""), ("identity;q=0, gzip;q=0.1", "gzip"), ("*;q=0", ""),
        ("*;q=0, gzip", "gzip"), ("gzip;q=", ""), (";;,,;q=1", ""),
    ])
    func accepted(value: String, coding: String) {
        let request = Scene.request("/", "Accept-Encoding: \(value)")
        let found = AcceptEncoding.choose(request.block, among: [.brotli, .zstd, .gzip])
        #expect(found?.token ?? "" == coding)
    }

    /// Nobody reaches a form whose original a purge has met; the sweep takes it out.
    @Test func sweepTakesFormsOfWhatWasPurged() {
        let scene = scene()
        for number in 0..<50 {
            store(scene, EncodingTests.fields + "Surrogate-Key: t\(number % 2)|", path: "/\(number)")
            form(scene, "Accept-Encoding: gzip", path: "/\(number)")
            form(scene, "Accept-Encoding: br", path: "/\(number)")
        }
        #expect(scene.cache.counters.encodedObjects == 100)
        #expect(scene.cache.purge(.tag(Array("t1".utf8)), isSoft: false, now: scene.now) == 25)
        scene.cache.sweep { true }
        #expect(scene.cache.counters.encodedObjects == 50)
        #expect(scene.cache.counters.objects == 25)
        #expect(form(scene, "Accept-Encoding: gzip", path: "/0") == "stored gzip")
    }

    @Test func oneObjectServesSeveralCodings() {
        let scene = scene()
        store(scene)
        #expect(form(scene, "") == "identity")
        #expect(form(scene, "Accept-Encoding: gzip") == "new gzip")
        #expect(form(scene, "Accept-Encoding: gzip") == "stored gzip")
        #expect(form(scene, "Accept-Encoding: br") == "new br")
        #expect(form(scene, "Accept-Encoding: gzip|Range: bytes=0-1") == "identity")
        #expect(scene.cache.counters.objects == 1)
        #expect(scene.cache.counters.encodedObjects == 2)
    }

    @Test(arguments: [
        ("Content-Type: image/png", false), ("Content-Type: text/css", true), ("Content-Type: TEXT/CSS ; x=y", true),
        ("Content-Type: application/json", true), ("Content-Type: application/jsonx", false), ("X: y", false),
        ("Content-Type: text/css|Content-Encoding: br", false),
        ("Content-Type: text/css|Cache-Control: no-transform", false),
    ])
    func whatShrinks(fields: String, isEncoded: Bool) {
        let scene = scene()
        store(scene, "Cache-Control: max-age=100|\(fields)|")
        #expect(form(scene, "Accept-Encoding: gzip") == (isEncoded ? "new gzip" : "identity"))
        let request = Scene.request("/")
        let vary = scene.lookup(request).hit.flatMap { Answer($0, request, now: scene.now)["vary"] }
        #expect(vary == (isEncoded ? "Accept-Encoding" : nil))
    }

    @Test func smallAndLargeStayAsTheyAre() {
        let scene = scene {
            $0.compression.minimumBytes = 100
            $0.compression.maximumBytes = 200
        }
        for (size, isEncoded) in [(99, false), (100, true), (200, true), (201, false)] {
            store(scene, path: "/\(size)", body: String(repeating: "a", count: size))
            #expect(form(scene, "Accept-Encoding: gzip", path: "/\(size)") == (isEncoded ? "new gzip" : "identity"))
        }
    }

    @Test func tagsTellTheFormsApart() throws {
        let scene = scene()
        store(scene)
        store(scene, "Cache-Control: max-age=100|Content-Type: text/html|ETag: W/\"v1\"|Vary: Accept|", path: "/weak")
        let request = Scene.request("/", "Accept-Encoding: gzip")
        let hit = try #require(scene.lookup(request).hit)
        guard case .encode(_, let form) = choose(scene, hit, request) else {
            Issue.record("no form")
            return
        }
        #expect(Answer(form, request, now: scene.now)["etag"] == "\"v1-gzip\"")
        #expect(Answer(hit, request, now: scene.now)["etag"] == "\"v1\"")
        let again = Scene.request("/", "Accept-Encoding: gzip|If-None-Match: \"v1-gzip\"")
        #expect(Answer(form, again, now: scene.now).status == 304)
        #expect(Answer(hit, again, now: scene.now).status == 200)
        let weak = Scene.request("/weak", "Accept-Encoding: gzip")
        let weakHit = try #require(scene.lookup(weak).hit)
        let answer = Answer(weakHit, weak, now: scene.now)
        #expect(answer["vary"] == "Accept")
        #expect(answer.head.count(of: .vary) == 2)
        guard
            case .encode(_, let weakForm) = choose(scene, weakHit, weak)
        else { return }
        #expect(Answer(weakForm, weak, now: scene.now)["etag"] == "W/\"v1\"")
    }

    @Test func aFormGoesWithItsOriginal() throws {
        let scene = scene()
        store(scene)
        form(scene, "Accept-Encoding: gzip")
        scene.cache.invalidate(CacheKey(Scene.request("/"), isHTTPS: false))
        #expect(scene.cache.counters.encodedObjects == 0)
        #expect(scene.cache.counters.bytes == 0)
        store(scene)
        // The same second, the same fields, another body.
        #expect(form(scene, "Accept-Encoding: gzip") == "new gzip")
        let folder = try #require(CacheKey(url: "http://example.com/"))
        #expect(scene.cache.purge(.prefix(folder), isSoft: false, now: scene.now) == 1)
        #expect(scene.cache.counters.encodedObjects == 0)
        store(scene)
        form(scene, "Accept-Encoding: gzip")
        #expect(scene.cache.purge(.everything, isSoft: false, now: scene.now) == 1)
        #expect(scene.cache.counters.bytes == 0)
    }

    @Test func aValidationMakesNewFields() throws {
        let scene = scene()
        store(scene)
        form(scene, "Accept-Encoding: gzip")
        scene.now += 150
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        scene.answer(fetch, request, 304, "Cache-Control: max-age=100|ETag: \"v1\"|X: new")
        // The same bytes: nothing is compressed again.
        let coded = Scene.request("/", "Accept-Encoding: gzip")
        let hit = try #require(scene.lookup(coded).hit)
        guard case .stored(let form) = choose(scene, hit, coded) else {
            Issue.record("made again")
            return
        }
        let answer = Answer(form, coded, now: scene.now)
        #expect(answer["x"] == "new")
        #expect(answer["content-encoding"] == "gzip")
        #expect(answer["etag"] == "\"v1-gzip\"")
        #expect(Answer(hit, request, now: scene.now)["vary"] == "Accept-Encoding")
        #expect(scene.cache.counters.encodedObjects == 1)
    }

    @Test func othersReadAFormAlongThatIsBeingMade() throws {
        let scene = scene()
        store(scene)
        let request = Scene.request("/", "Accept-Encoding: gzip")
        let hit = try #require(scene.lookup(request).hit)
        guard case .encode(let fill, let first) = choose(scene, hit, request) else {
            Issue.record("no form")
            return
        }
        // Nobody knows of one that may never begin.
        guard case .encode = choose(scene, hit, request) else {
            Issue.record("joined too early")
            return
        }
        fill.begin()
        guard case .stored(let second) = choose(scene, hit, request) else {
            Issue.record("not joined")
            return
        }
        let readers = [first, second].compactMap { BodyReader($0.object) }
        _ = fill.append(Array("coded".utf8)) {}
        for reader in readers {
            guard case .data(let bytes, let range) = reader.next(wakeup: nil) else {
                Issue.record("no data")
                continue
            }
            #expect(bytes[range].elementsEqual("coded".utf8))
        }
        fill.abort()
        #expect(form(scene, "Accept-Encoding: gzip") == "new gzip")
    }

    @Test func aHeadOfAFormNeedsNoForm() throws {
        let scene = scene()
        store(scene)
        let request = Scene.request("/", method: "HEAD", "Accept-Encoding: br")
        let hit = try #require(scene.lookup(request).hit)
        guard case .stored(let form) = choose(scene, hit, request) else {
            Issue.record("no head")
            return
        }
        let answer = Answer(form, request, now: scene.now)
        #expect(answer["content-encoding"] == "br")
        #expect(answer["etag"] == "\"v1-br\"")
        #expect(answer["content-length"] == nil)
        #expect(scene.cache.counters.encodedObjects == 0)
    }

    @Test func aRequestMayForbidIt() {
        let scene = scene()
        store(scene)
        #expect(form(scene, "Accept-Encoding: gzip|Cache-Control: no-transform") == "identity")
        #expect(form(scene, "Accept-Encoding: gzip|Cache-Control: max-age=50") == "new gzip")
    }

    @Test func digestsOfTheBytesStayBehind() throws {
        let scene = scene()
        store(scene, EncodingTests.fields + "Repr-Digest: sha-256=:AA==:|Content-Digest: sha-256=:AA==:|Digest: a=b|")
        let request = Scene.request("/", "Accept-Encoding: gzip")
        let hit = try #require(scene.lookup(request).hit)
        guard case .encode(_, let form) = choose(scene, hit, request) else {
            Issue.record("no form")
            return
        }
        for name in ["repr-digest", "content-digest", "digest"] {
            #expect(Answer(form, request, now: scene.now)[name] == nil)
            #expect(Answer(hit, request, now: scene.now)[name] != nil)
        }
    }

    @Test(arguments: [
        ("\"a-gzip\"", "\"a\""), ("\"a-br\", \"b\",\"c-zstd\"", "\"a\", \"c\""), ("\"a\"", nil), ("*", nil),
        ("W/\"a-gzip\"", nil), ("\"-gzip\"", "\"\""), ("-gzip\"", nil), ("\"a-gzip", nil), ("", nil),
    ])
    func originsGetTheirOwnTags(value: String, tags: String?) {
        let request = Scene.request("/", method: "PUT", "If-Match: \(value)")
        #expect(EncodedTag.originals(.ifMatch, of: request.block).map { String(decoding: $0, as: UTF8.self) } == tags)
    }

    @Test func turnedOffNothingChanges() {
        let scene = Scene()
        store(scene)
        #expect(form(scene, "Accept-Encoding: gzip") == "identity")
    }
}
