import HTTPCache
import HTTPWire
import Testing

@Suite struct KeyTests {
    @Test(arguments: [
        ("/", "http://example.com/"), ("/A?b=C", "http://example.com/A?b=C"), ("http://HOST:80", "http://host/"),
        ("http://Host:81?x", "http://host:81/?x"), ("http://h/a?", "http://h/a?"),
    ])
    func spelling(target: String, expected: String) {
        let key = CacheKey(Scene.request(target), isHTTPS: false)
        #expect(String(decoding: key.bytes, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("/x", "http://example.com/x"), ("x", "http://example.com/a/x"), ("./x?y", "http://example.com/a/x?y"),
        ("?z", "http://example.com/a/b?z"), ("http://example.com", "http://example.com/"),
        ("HTTP://example.com:80/q#f", "http://example.com/q"), ("//example.com/q", "http://example.com/q"),
        ("https://example.com/", nil), ("http://other/", nil), ("//other/", nil), ("#f", nil), ("", nil),
        ("http://example.com:99999999999/", nil),
    ])
    func related(reference: String, expected: String?) {
        let key = CacheKey(Scene.request("/a/b?c"), isHTTPS: false)
        let bytes = Array(reference.utf8)
        let related = key.related(bytes.span)
        #expect(related.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
    }
}
