import HTTPWire
import Testing

@testable import HTTPCache

/// What an operator says about keeping a response, over what it says itself.
@Suite struct OverrideTests {
    /// Fields of the response and of the request; why it is not stored, nil where it is.
    static let table: [(String, String, String?)] = [
        ("Cache-Control: no-store, private", "", nil), ("CDN-Cache-Control: no-store", "", nil),
        ("Surrogate-Control: no-store", "", nil), ("Surrogate-Control: max-age=0", "", nil),
        ("Set-Cookie: a=b", "", "set-cookie"), ("Set-Cookie: a=b|Cache-Control: no-store", "", "set-cookie"),
        ("Set-Cookie: a=b|Cache-Control: private, max-age=9", "", "set-cookie"),
        ("Set-Cookie: a=b|Cache-Control: no-cache, max-age=9", "", "set-cookie"),
        ("Set-Cookie: a=b|Surrogate-Control: no-store|Cache-Control: max-age=9", "", "set-cookie"),
        ("Set-Cookie: a=b|Cache-Control: max-age=0", "", "set-cookie"),
        ("Set-Cookie: a=b|Expires: 0", "", "set-cookie"),
        ("Set-Cookie: a=b|Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT", "", "set-cookie"),
        ("Set-Cookie: a=b|Cache-Control: max-age=9", "", nil),
        ("Set-Cookie: a=b|Cache-Control: no-store, no-cache=\"set-cookie\"", "", nil),
        ("Cache-Control: max-age=9", "Authorization: x", "authorization"), ("", "Authorization: x", "authorization"),
        ("Cache-Control: public", "Authorization: x", nil), ("Cache-Control: s-maxage=9", "Authorization: x", nil),
        ("Cache-Control: max-age=9, must-revalidate", "Authorization: x", nil),
        ("Cache-Control: s-maxage=0", "Authorization: x", "authorization"),
        ("Cache-Control: max-age=0, must-revalidate", "Authorization: x", "authorization"),
        ("Cache-Control: private, max-age=9, must-revalidate", "Authorization: x", "authorization"),
        ("Cache-Control: no-cache, s-maxage=9", "Authorization: x", "authorization"),
        ("Vary: *", "", "vary-star"),
    ]

    @Test(arguments: table) func aLifetimeByRules(fields: String, request: String, refusal: String?) {
        let scene = Scene()
        let storage = OverrideTests.lasting(60).storage(
            request: Scene.request("/", request), response: scene.response(200, fields), requestTime: scene.now,
            now: scene.now, rules: scene.cache.settings.storageRules)
        switch storage {
        case .refuse(let reason): #expect("\(reason)" == refusal)
        case .store(let freshness): #expect(refusal == nil && freshness.timeToLive(now: scene.now) == 60)
        }
    }

    @Test func whatAPageSaysOfESIStays() {
        let scene = Scene()
        for (control, asksForESI) in [("no-store, content=\"ESI/1.0\"", true), ("max-age=0", false)] {
            let told = OverrideTests.lasting(60).applied(to: scene.response(200, "Surrogate-Control: \(control)"))
            #expect(SurrogateControl(told.block).asksForESI == asksForESI)
            #expect(CacheControl.forCDN(told.block).maxAge == 60)
        }
    }

    /// A 304 without a lifetime of the origin's own brings its cookie to the one who asked.
    @Test func aCookieOfANotModifiedIsNotShared() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: no-cache|ETag: \"x\"")
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = fetch.received(
            scene.response(304, "ETag: \"x\"|Set-Cookie: a=b"), request: request, requestTime: scene.now,
            now: scene.now, override: OverrideTests.lasting(60))
        #expect(Answer(try #require(outcome.hit), request, now: scene.now)["set-cookie"] == "a=b")
        let hit = try #require(scene.lookup(request).hit)
        #expect(hit.kind == .hit && Answer(hit, request, now: scene.now)["set-cookie"] == nil)
    }

    private static func lasting(_ seconds: Int64) -> CacheOverride {
        var override = CacheOverride()
        override.lifetimeSeconds = seconds
        return override
    }
}
