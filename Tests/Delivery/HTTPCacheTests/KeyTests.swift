import HTTPCache
import HTTPWire
import Testing

@Suite struct KeyTests {
    @Test(arguments: [
        ("/", "example.com/"), ("/A?b=C", "example.com/A?b=C"), ("http://HOST:80", "host/"),
        ("http://Host:81?x", "host:81/?x"), ("http://h/a?", "h/a?"), ("http://https//x", "https//x"),
    ])
    func spelling(target: String, expected: String) {
        let key = CacheKey(Scene.request(target), isHTTPS: false)
        #expect(String(decoding: key.bytes, as: UTF8.self) == expected)
    }

    @Test(arguments: [
        ("/x", "example.com/x"), ("x", "example.com/a/x"), ("./x?y", "example.com/a/x?y"),
        ("?z", "example.com/a/b?z"), ("http://example.com", "example.com/"),
        ("HTTP://example.com:80/q#f", "example.com/q"), ("//example.com/q", "example.com/q"),
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
