import Bytes
import HTTPWire
import Testing

@testable import HTTPCache

/// Queries that differ in nothing that matters to the origin (`No-Vary-Search`).
@Suite struct SearchTests {
    private func rule(_ lines: String...) -> SearchVariance? {
        var block = HeaderBlock()
        for line in lines { block.append("no-vary-SEARCH", line) }
        return SearchVariance(block)
    }

    @Test(
        arguments: [
            ("key-order", "a=1&b=2", "b=2&a=1", true), ("key-order", "a=1&a=2", "a=2&a=1", false),
            ("key-order=?0", "a=1", "a=1", nil), ("params", "a=1", "", true), ("params", "a=1", "b=&c", true),
            ("params=?0", "a", "a", nil), (#"params=("a")"#, "a=1&b=2", "b=2&a=3&a", true),
            (#"params=("a")"#, "b=2&c=1", "c=1&b=2", false),
            (#"params=("a" "b"), key-order"#, "c=1&d&a", "d&b=7&c=1", true),
            (#"params, except=("id")"#, "id=1&x=2", "y=3&id=1", true),
            (#"params, except=("id")"#, "id=1", "id=2", false),
            (#"params, except=("id" "p")"#, "id=1&p=2", "p=2&id=1", false),
            (#"params=("a+b" "%c3%bc")"#, "a%20b=1&%C3%BC=2", "", true),
            ("key-order", "a=%41+%2b", "a=A%20%2B", true), ("key-order", "a", "a=", true),
            ("key-order", "a&&b", "b&a", true),
            ("key-order", "a=%zz", "a=%25zz", true), (#"params=("")"#, "=1&a", "a&=2", true),
            // What is malformed, or says nothing, leaves all differences.
            (#"params=("a""#, "", "", nil), (#"params=(a)"#, "", "", nil), ("params=1", "", "", nil),
            (#"except=("a")"#, "", "", nil),
            (#"params=("a"), except=("b")"#, "", "", nil), ("params, except=?1", "", "", nil),
            ("key-order=1", "", "", nil),
            ("KEY-ORDER", "", "", nil), ("", "", "", nil), ("other", "", "", nil), ("params=()", "", "", nil),
        ] as [(String, String, String, Bool?)])
    func equivalence(field: String, left: String, right: String, isSame: Bool?) throws {
        let rule = rule(field)
        guard let isSame else { return #expect(rule == nil) }
        let found = try #require(rule)
        #expect((found.unified(Array(left.utf8).span) == found.unified(Array(right.utf8).span)) == isSame)
    }

    @Test func linesAreOneField() {
        #expect(rule("key-order", #"params=("b")"#) == rule(#"params=("b"), key-order, unknown=1;x"#))
        #expect(rule("key-order")?.identity != rule("params")?.identity)
        #expect(rule("params")?.identity != rule(#"params=("a")"#)?.identity)
        #expect(rule("params=(" + (0...256).map { "\"\($0)\"" }.joined(separator: " ") + ")") == nil)
    }

    private let fresh = "Cache-Control: max-age=100"

    private func kind(_ scene: Scene, _ path: String, _ fields: String = "") -> CacheHit.Kind? {
        scene.lookup(Scene.request(path, "Cache-Control: only-if-cached" + (fields.isEmpty ? "" : "|\(fields)"))).hit?
            .kind
    }

    @Test func theFirstResponseTeaches() {
        let scene = Scene()
        scene.fetch("\(fresh)|No-Vary-Search: params=(\"utm\")", path: "/p?a=1&utm=x")
        #expect(kind(scene, "/p?a=1") == .hit && kind(scene, "/p?utm=y&a=1&utm") == .hit)
        #expect(kind(scene, "/p?a=2") == nil && kind(scene, "/q?a=1") == nil && kind(scene, "/p") == nil)
        #expect(scene.cache.counters.objects == 1 && scene.cache.counters.searchRules == 1)
    }

    @Test func whoWaitsFindsIt() {
        let scene = Scene()
        let first = scene.lookup("/p?utm=1").fetch
        #expect(scene.lookup("/p?utm=1").isWait)
        guard let first else { return #expect(Bool(false), "no fetch") }
        scene.answer(first, Scene.request("/p?utm=1"), 200, "\(fresh)|No-Vary-Search: params")
        #expect(scene.outcomes.all.count == 1 && kind(scene, "/p?utm=1") == .hit && kind(scene, "/p") == .hit)
        #expect(scene.cache.counters.fetches == 0)
    }

    @Test func variantsStayApart() {
        let scene = Scene()
        let rule = "No-Vary-Search: params|Vary: X-L"
        scene.fetch("\(fresh)|\(rule)", path: "/p?a", request: "X-L: de")
        #expect(kind(scene, "/p?b", "X-L: de") == .hit && kind(scene, "/p?b", "X-L: en") == nil)
        scene.fetch("\(fresh)|\(rule)", path: "/p?c", request: "X-L: en")
        #expect(kind(scene, "/p", "X-L: en") == .hit && kind(scene, "/p", "X-L: de") == .hit)
    }

    @Test func anotherRuleBeginsAnew() {
        let scene = Scene()
        scene.fetch("\(fresh)|No-Vary-Search: params=(\"u\")", path: "/p?a=1&u=1")
        scene.fetch("\(fresh)|No-Vary-Search: params=(\"a\")", path: "/p?a=2&u=1")
        // "/p?a=1" was stored by a rule that does not hold any more.
        #expect(kind(scene, "/p?a=9&u=1") == .hit && kind(scene, "/p?a=1") == nil)
        scene.fetch(fresh, path: "/p?a=3&u=3")
        #expect(scene.cache.counters.searchRules == 0)
        #expect(kind(scene, "/p?a=3&u=3") == .hit && kind(scene, "/p?a=9&u=1") == nil)
        // The first rule again, and none of what it brought.
        scene.fetch("\(fresh)|No-Vary-Search: params=(\"u\")", path: "/p?a=7")
        #expect(kind(scene, "/p?a=7&u=0") == .hit && kind(scene, "/p?a=1&u=1") == nil)
    }

    @Test func purgesByAnyOfTheURLs() throws {
        let scene = Scene()
        func fill() { scene.fetch("\(fresh)|No-Vary-Search: params=(\"u\")", path: "/p?a=1&u=1") }
        fill()
        let key = try #require(CacheKey(url: "http://example.com/p?u=other&a=1"))
        #expect(scene.cache.purge(.key(key), isSoft: true, now: scene.now) == 1)
        #expect(kind(scene, "/p?a=1") == nil)
        fill()
        #expect(scene.cache.purge(.key(key), isSoft: false, now: scene.now) == 1)
        #expect(scene.cache.purge(.key(key), isSoft: false, now: scene.now) == 0)
        fill()
        #expect(kind(scene, "/p?a=1") == .hit)
        scene.cache.invalidate(
            after: Scene.request("/p?a=1&u=5", method: "POST"),
            key: CacheKey(Scene.request("/p?a=1&u=5", method: "POST"), isHTTPS: false),
            response: scene.response(200, ""))
        #expect(kind(scene, "/p?a=1&u=1") == nil)
    }

    /// Some of the queries that a response stands for may begin so, whichever the key shows.
    @Test(arguments: [
        ("/p?b=", true), ("/p?u=9", true), ("/p?", true), ("/p", true), ("/p?zz", true), ("/p2?a", false),
        ("/?a", false), ("/pp?a", false),
    ])
    func purgesByAPrefixWithAQuery(prefix: String, meets: Bool) throws {
        for query in ["?a=1&b=2&u=1", "?u=7", ""] {
            let scene = Scene()
            scene.fetch("\(fresh)|No-Vary-Search: key-order, params=(\"u\")", path: "/p\(query)")
            scene.fetch(fresh, path: "/other?b=1")
            let target = PurgeTarget.prefix(try #require(CacheKey(url: "http://example.com\(prefix)")))
            #expect(scene.cache.purge(target, isSoft: false, now: scene.now) == (meets ? 1 : 0))
            #expect(kind(scene, "/p\(query)") == (meets ? nil : .hit) && kind(scene, "/other?b=1") == .hit)
        }
    }

    @Test func aPurgeByAPrefixWithAQueryMeetsWhatIsFetched() throws {
        let scene = Scene()
        scene.fetch("\(fresh)|No-Vary-Search: params=(\"u\")", path: "/p?a=1")
        let fetch = try #require(scene.lookup("/p?a=2&u=1").fetch)
        let target = PurgeTarget.prefix(try #require(CacheKey(url: "http://example.com/p?u=1")))
        #expect(scene.cache.purge(target, isSoft: false, now: scene.now) == 1)
        scene.answer(fetch, Scene.request("/p?a=2&u=1"), 200, "\(fresh)|No-Vary-Search: params=(\"u\")")
        #expect(kind(scene, "/p?a=2") == nil)
    }

    /// The key of a query of which nothing is left tells of the same path and rule as the others do.
    @Test func aRuleThatChangesMeetsAllQueries() {
        let scene = Scene()
        let first = "No-Vary-Search: params=(\"u\")"
        scene.fetch("\(fresh)|\(first)", path: "/p?u=1")
        scene.fetch("\(fresh)|\(first)", path: "/p?a=1")
        scene.fetch("\(fresh)|No-Vary-Search: params=(\"v\")", path: "/p?a=2&v=1")
        scene.fetch("\(fresh)|\(first)", path: "/p?a=3")
        #expect(kind(scene, "/p?u=1") == nil && kind(scene, "/p?a=1") == nil && kind(scene, "/p?a=3") == .hit)
    }

    @Test func aPurgeMeetsAFetchThatMoves() throws {
        for purge in [
            PurgeTarget.key(try #require(CacheKey(url: "http://example.com/p?u=1"))), .tag(Array("t".utf8)),
            .everything,
        ] {
            let scene = Scene()
            let fetch = try #require(scene.lookup("/p?u=1").fetch)
            _ = scene.cache.purge(purge, isSoft: false, now: scene.now)
            scene.answer(
                fetch, Scene.request("/p?u=1"), 200, "\(fresh)|Surrogate-Key: t|No-Vary-Search: params")
            #expect(
                kind(scene, "/p?u=1") == nil && scene.cache.counters.objects == 0 && scene.cache.counters.fetches == 0)
        }
    }

    @Test func rulesAreBounded() {
        let scene = Scene { $0.maximumSearchRules = 32 }
        for number in 0..<500 { scene.fetch("\(fresh)|No-Vary-Search: params", path: "/p\(number)?u") }
        #expect(scene.cache.counters.searchRules <= 32)
        #expect(kind(scene, "/p499?v") == .hit)
        let off = Scene { $0.maximumSearchRules = 0 }
        off.fetch("\(fresh)|No-Vary-Search: params", path: "/p?u")
        #expect(off.cache.counters.searchRules == 0 && kind(off, "/p?v") == nil && kind(off, "/p?u") == .hit)
    }

    @Test func keysOfRulesAreLeftAlone() {
        let scene = Scene()
        let request = Scene.request("/p?u=1")
        var parts: [UInt8] = []
        CacheKey.append(part: Array("x".utf8).span, to: &parts)
        var key = CacheKey(request, isHTTPS: false)
        key.extend(parts, replacing: false)
        guard
            case .fetch(let fetch) = scene.cache.lookup(
                key: key, request: request, now: scene.now, wakeup: { { _ in } })
        else { return #expect(Bool(false), "no fetch") }
        scene.answer(fetch, request, 200, "\(fresh)|No-Vary-Search: params")
        #expect(scene.cache.counters.searchRules == 0)
        #expect(scene.cache.lookup(key: key, request: request, now: scene.now, wakeup: { { _ in } }).hit?.kind == .hit)
        // By its URL it is purged all the same.
        #expect(scene.cache.purge(.key(CacheKey(request, isHTTPS: false)), isSoft: false, now: scene.now) == 1)
        #expect(scene.cache.lookup(key: key, request: request, now: scene.now, wakeup: { { _ in } }).hit == nil)
    }

    @Test func aNotModifiedMayChangeTheRule() {
        let scene = Scene()
        scene.fetch("Cache-Control: no-cache|ETag: \"1\"|No-Vary-Search: params=(\"u\")", path: "/p?a&u=1")
        guard let fetch = scene.lookup("/p?a&u=2").fetch, fetch.isConditional else { return #expect(Bool(false)) }
        scene.answer(fetch, Scene.request("/p?a&u=2"), 304, "ETag: \"1\"|No-Vary-Search: params")
        #expect(scene.lookup("/p?b").fetch?.isConditional == false)
    }
}
